// Debian's Chromium: its EventSource over leat's server and writer, and the chat page of the examples.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { program, startOurs } from './support.mjs';

const vectors = JSON.parse(await readFile(program('vectors'), 'utf8')).vectors;

async function browser(t) {
    const started = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
    t.after(() => started.close());
    return started;
}

/** In the page: what an EventSource gives from each URL until its connection ends. Six at a time is what a browser allows. */
async function readAll(jobs) {
    const read = ({ url, types }) => new Promise((resolve) => {
        const source = new EventSource(url);
        const events = [];
        for (const type of types)
            source.addEventListener(type, (e) => events.push({ event: e.type, data: e.data, id: e.lastEventId }));
        source.onerror = () => {
            source.close();
            resolve(events);
        };
    });
    const results = [];
    const work = async (next) => {
        for (let i; (i = next()) < jobs.length;) results[i] = await read(jobs[i]);
    };
    let at = 0;
    await Promise.all([0, 1, 2, 3, 4].map(() => work(() => at++)));
    return results;
}

const wanted = (vector) => vector.expect.map(({ event, data, id }) => ({ event, data, id }));
// "open" and "error" are EventSource's own, and nobody can tell them from the server's.
const nameable = (vector) => !vector.expect.some(({ event }) => event === 'open' || event === 'error');

async function compare(t, path, chosen) {
    const server = await startOurs(t, 'serve', [program('vectors')]);
    const page = await (await browser(t)).newPage();
    await page.goto(server.url);
    const jobs = chosen.map((vector) => ({
        url: `/${path}/${vectors.indexOf(vector)}`,
        types: [...new Set(['message', ...vector.expect.map(({ event }) => event)])],
    }));
    const results = await page.evaluate(readAll, jobs);
    assert.ok(chosen.length > 80, `only ${chosen.length} vectors`);
    chosen.forEach((vector, i) => assert.deepEqual(results[i], wanted(vector), vector.name));
}

test('Chromium reads every vector from our server as the standard says', async (t) => {
    // Chromium skips the test for a line's end in the byte behind a byte order mark.
    const own_way = new Set(['bom-then-lf']);
    await compare(t, 'vector', vectors.filter((v) => nameable(v) && !v.ambiguous && !v.initial_last_event_id && !own_way.has(v.name)));
});

test('Chromium reads what our writer writes of each vector', async (t) => {
    // The writer adds an id where one changes, so that what the reader sees is the same.
    await compare(t, 'written', vectors.filter((v) => nameable(v) && !v.initial_last_event_id));
});

test('the chat page: tokens one by one, and closing it stops the model', async (t) => {
    const model = await startOurs(t, 'serve');
    const relay = await startOurs(t, 'relay', ['--port', '0', '--upstream', `${model.url}/v1/chat/completions`]);
    const page = await (await browser(t)).newPage();
    await page.goto(relay.url);
    const type = async (question) => {
        await page.getByRole('textbox').fill(question);
        await page.keyboard.press('Enter');
    };
    const answer = page.locator('.answer').last();

    await type('hello');
    await page.getByText('zur "Mühle".').waitFor();
    assert.equal(await answer.textContent(), 'Ein Mühlbach führt\nWasser 🌊 zur "Mühle".');

    await type('endless');
    const lengths = new Set();
    for (const until = Date.now() + 30_000; lengths.size < 5 && Date.now() < until;) lengths.add((await answer.textContent()).length);
    assert.ok(lengths.size >= 5, 'the answer did not grow token by token');

    const closed = model.nextLine();
    const before = performance.now();
    await page.close({ runBeforeUnload: false });
    assert.equal(await closed, 'closed');
    const took = performance.now() - before;
    t.diagnostic(`the model was stopped ${took.toFixed(0)} ms after the page was told to close`);
    assert.ok(took < 1000, `${took} ms`); // a busy machine has its own; a quiet one needs under 100
});
