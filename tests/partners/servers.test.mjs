// leat's client against model servers that are not ours: @copilotkit/aimock and @dwmkerr/mock-llm.
import test from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, freePort, start } from './support.mjs';

const packages = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
const answer = 'Ein Mühlbach führt Wasser 🌊 zur Mühle.';

const dialects = {
    openai_chat: { base: '/v1', model: 'm', finish: 'stop' },
    openai_responses: { base: '/v1', model: 'm', finish: 'completed' },
    anthropic: { base: '/v1', model: 'claude-sonnet-4', finish: 'end_turn' },
    gemini: { base: '/v1beta', model: 'gemini-2.0-flash', finish: 'STOP', end: 'eof_after_finish' }, // it has no end mark
    ollama: { base: '', model: 'llama3', finish: 'stop' },
};

async function folder(t) {
    const path = await mkdtemp(join(tmpdir(), 'leat-partners-'));
    t.after(() => rm(path, { recursive: true, force: true }));
    return path;
}

async function aimock(t, ...options) {
    const fixtures = await folder(t);
    await writeFile(join(fixtures, 'all.json'), JSON.stringify({
        fixtures: [
            { match: { userMessage: 'hello' }, response: { content: answer } },
            { match: { userMessage: 'cut' }, response: { content: 'one two three four five six seven eight' }, truncateAfterChunks: 7, chunkSize: 4 },
            { match: { userMessage: 'wheel' }, response: { toolCalls: [{ name: 'turn', arguments: '{"times":3,"why":"Mühle"}' }] } },
            { match: { userMessage: 'limit' }, response: { error: { message: 'slow down, key sk-123', type: 'rate_limit_error' }, status: 429 } },
        ],
    }));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const cli = join(packages, '@copilotkit/aimock/dist/cli.js');
    await start(t, process.execPath, [cli, '-p', String(port), '-f', fixtures, '-c', '6', '-l', '2', '--log-level', 'warn', ...options], { url });
    return url;
}

const asks = (url, name, question, how) => ask(name, url + dialects[name].base, dialects[name].model, question, how);

test('aimock: a whole answer in every dialect, token by token', async (t) => {
    const url = await aimock(t);
    for (const [name, { end = 'done', finish }] of Object.entries(dialects)) {
        const got = await asks(url, name, 'hello');
        assert.equal(got.tokens.join(''), answer, name);
        assert.ok(got.tokens.length > 3, `${name}: ${got.tokens.length} tokens`);
        assert.equal(got.end, end, name);
        assert.equal(got.finish, finish, name);
    }
});

test('aimock: a call of a tool, put together from its pieces, in every dialect', async (t) => {
    const url = await aimock(t);
    for (const name of Object.keys(dialects)) {
        const got = await asks(url, name, 'wheel', 'whole');
        assert.equal(got.calls.length, 1, name);
        assert.equal(got.calls[0].name, 'turn', name);
        assert.deepEqual(JSON.parse(got.calls[0].arguments), { times: 3, why: 'Mühle' }, name);
    }
});

test('aimock: an answer that is cut is an error after the tokens before it', async (t) => {
    const url = await aimock(t);
    for (const name of Object.keys(dialects)) {
        const got = await asks(url, name, 'cut');
        assert.equal(got.end, 'http: cut_connection', name);
        const text = got.tokens.join('');
        assert.ok('one two three four five six seven eight'.startsWith(text) && text.length > 0, `${name}: "${text}"`);
        assert.ok(text.length < 39, name);
    }
});

test('aimock: a refusal names the status, and not what the server said', async (t) => {
    const url = await aimock(t);
    for (const name of Object.keys(dialects)) {
        const got = await asks(url, name, 'limit');
        assert.equal(got.end, 'http_error', name);
        assert.equal(got.status, 429, name);
        assert.doesNotMatch(got.what, /sk-123/, name);
    }
});

test('aimock: chaos: a connection that dies, JSON that is none, too many requests', async (t) => {
    const ends = {
        '--chaos-disconnect': ['http: cut_connection', 'http: protocol', 'http: connect'],
        '--chaos-malformed': ['bad_content_type', 'bad_json'],
        '--chaos-ratelimit': ['http_error'],
    };
    for (const [option, allowed] of Object.entries(ends)) {
        const url = await aimock(t, option, '1');
        for (const name of Object.keys(dialects)) {
            const got = await asks(url, name, 'hello');
            assert.ok(allowed.includes(got.end), `${option}, ${name}: ${got.end}`);
            assert.deepEqual(got.tokens, [], `${option}, ${name}`);
        }
    }
});

test('mock-llm: a whole answer, in chunks', async (t) => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const main = join(packages, '@dwmkerr/mock-llm/dist/main.js');
    const cwd = await folder(t);
    await writeFile(join(cwd, 'mock-llm.yaml'), 'streaming:\n  chunkSize: 5\n  chunkIntervalMs: 2\n');
    await start(t, process.execPath, [main], { url, cwd, env: { PORT: String(port), HOST: '127.0.0.1' } });
    const got = await asks(url, 'openai_chat', answer);
    assert.equal(got.tokens.join(''), answer); // it echoes
    assert.ok(got.tokens.length > 3);
    assert.equal(got.end, 'done');
});
