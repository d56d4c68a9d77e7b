#pragma once

// The answers of language models as streams of text, in the formats of all the usual servers. Needs
// nlohmann_json.

#include "llm/anthropic.hpp"
#include "llm/check_response.hpp"
#include "llm/error.hpp"
#include "llm/gemini.hpp"
#include "llm/ollama.hpp"
#include "llm/openai_chat.hpp"
#include "llm/openai_responses.hpp"
#include "llm/tokens.hpp"
