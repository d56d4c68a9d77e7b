#pragma once

#include <string_view>

/// The chat page. It asks with an EventSource, and shows each token the moment it is there.
inline constexpr std::string_view page = R"page(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>leat chat</title>
<style>
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
    .question { font-weight: 600; margin-top: 1.5rem; }
    .answer { white-space: pre-wrap; }
    .answer.growing::after { content: "\258d"; opacity: .5; }
    .problem { color: #b00020; }
    form { display: flex; gap: .5rem; margin-top: 2rem; }
    input { flex: 1; font: inherit; padding: .4rem; }
    button { font: inherit; }
</style>
<h1>Ask</h1>
<div id="talk" aria-live="polite"></div>
<form id="form">
    <input id="question" aria-label="Question" autocomplete="off" autofocus>
    <button>Ask</button>
    <button type="button" id="stop" disabled>Stop</button>
</form>
<script>
    const [talk, form, question, stop] = ['talk', 'form', 'question', 'stop'].map((id) => document.getElementById(id));
    let source = null;

    function add(kind, text) {
        const line = document.createElement('div');
        line.className = kind;
        line.textContent = text; // never as HTML: it is the model's text
        talk.append(line);
        return line;
    }
    function end() {
        source?.close();
        source = null;
        stop.disabled = true;
        document.querySelectorAll('.growing').forEach((line) => line.classList.remove('growing'));
    }

    form.addEventListener('submit', (event) => {
        event.preventDefault();
        end();
        add('question', question.value);
        const answer = add('answer growing', '');
        source = new EventSource('/answer?question=' + encodeURIComponent(question.value));
        question.value = '';
        stop.disabled = false;
        source.onmessage = ({ data }) => answer.append(JSON.parse(data));
        source.addEventListener('done', end);
        source.addEventListener('problem', ({ data }) => { end(); add('problem', JSON.parse(data)); });
        source.onerror = () => { end(); add('problem', 'The connection was lost.'); }; // asking again would cost again
    });
    stop.addEventListener('click', end);
</script>
</html>
)page";
