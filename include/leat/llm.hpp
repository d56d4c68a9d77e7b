#pragma once

// The answers of language models as streams, in the formats of all the usual servers. Needs nlohmann_json.
// <leat/llm/chat.hpp>, which sends the request too, needs the component http; <leat/llm/simdjson.hpp> needs simdjson.

#include "llm/answer.hpp"
#include "llm/anthropic.hpp"
#include "llm/check_response.hpp"
#include "llm/delta.hpp"
#include "llm/deltas.hpp"
#include "llm/error.hpp"
#include "llm/gemini.hpp"
#include "llm/ollama.hpp"
#include "llm/openai_chat.hpp"
#include "llm/openai_responses.hpp"
#include "llm/tokens.hpp"
#include "llm/usage.hpp"
