// Clients that are not ours against leat's server side: the official SDKs, the npm package `eventsource`, curl.
import test from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { EventSource } from 'eventsource';
import { startOurs } from './support.mjs';

const answer = 'Ein Mühlbach führt\nWasser 🌊 zur "Mühle".';
const ask = (content) => [{ role: 'user', content }];

test('the openai client reads a whole answer, chunk by chunk', async (t) => {
    const server = await startOurs(t, 'serve');
    const client = new OpenAI({ apiKey: 'x', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: ask('hello') });
    const tokens = [];
    let finish = null;
    for await (const chunk of stream) {
        tokens.push(chunk.choices[0]?.delta?.content ?? '');
        finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    assert.equal(tokens.join(''), answer);
    assert.ok(tokens.length > 5);
    assert.equal(finish, 'stop');
});

test('the openai client gives up: the generator behind the answer is closed', async (t) => {
    const server = await startOurs(t, 'serve');
    const client = new OpenAI({ apiKey: 'x', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: 'm', stream: true, messages: ask('endless') });
    for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) break;
    assert.equal(await server.nextLine(), 'closed');
});

test('the anthropic client reads a whole message', async (t) => {
    const server = await startOurs(t, 'serve');
    const client = new Anthropic({ apiKey: 'x', baseURL: server.url, maxRetries: 0 });
    const tokens = [];
    const stream = client.messages.stream({ model: 'm', max_tokens: 100, messages: ask('hello') });
    stream.on('text', (text) => tokens.push(text));
    const message = await stream.finalMessage();
    assert.equal(message.content[0].text, answer);
    assert.equal(message.stop_reason, 'end_turn');
    assert.equal(tokens.join(''), answer);
    assert.ok(tokens.length > 5);
});

test('eventsource connects again where it was, until it is told to stop', async (t) => {
    const server = await startOurs(t, 'serve');
    const source = new EventSource(`${server.url}/numbers`); // three a connection, nine in all, then a 204
    const seen = [];
    source.addEventListener('number', (event) => seen.push([event.lastEventId, JSON.parse(event.data)]));
    await new Promise((resolve) => source.addEventListener('error', () => {
        if (source.readyState === EventSource.CLOSED) resolve();
    }));
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => [String(n), n]));
});

test('curl -N shows each event when it is sent, and its leaving closes the generator', async (t) => {
    const server = await startOurs(t, 'serve');
    const body = JSON.stringify({ model: 'm', stream: true, messages: ask('endless') });
    const curl = spawn('curl', ['-sN', `${server.url}/v1/chat/completions`, '-d', body], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(curl, 'exit');
    let text = '';
    for await (const some of curl.stdout) {
        text += some;
        if (text.split('\n\n').length > 4) break; // the answer never ends, so it cannot have been held back
    }
    curl.kill();
    await gone;
    assert.match(text, /^(data: \{.*\}\n\n){3}/);
    assert.equal(await server.nextLine(), 'closed');
});
