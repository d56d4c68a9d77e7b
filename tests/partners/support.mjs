// What the tests in this folder share: our programs, and the partners' processes.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** The programs of ours that the tests talk to; tests/partners/run says where they are. */
export function program(name) {
    const path = process.env[`LEAT_PARTNERS_${name.toUpperCase()}`];
    if (!path) throw new Error(`run this through tests/partners/run: LEAT_PARTNERS_${name.toUpperCase()} is not set`);
    return path;
}

export async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

/** Runs a program to its end and gives its output. */
export async function run(command, args, { timeout = 60_000 } = {}) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    let out = '', err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    const [code, signal] = await once(child, 'close');
    clearTimeout(timer);
    return { code, signal, out, err };
}

/** Asks a model server through leat. `how`: nothing, or "whole". */
export async function ask(dialect, base, model, question, how = '') {
    const { code, out, err } = await run(program('ask'), [dialect, base, model, question, how]);
    if (code !== 0) throw new Error(`ask ended with ${code}: ${err}`);
    return JSON.parse(out);
}

/** Starts a server that is stopped with the test `t`, and waits until it answers HTTP at `url`. */
export async function start(t, command, args, { url, env = {}, cwd } = {}) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, cwd });
    let words = '';
    const gone = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (words += text));
    t.after(async () => {
        child.kill('SIGKILL');
        await gone;
    });
    for (const until = Date.now() + 30_000; Date.now() < until; await sleep(50)) {
        if (child.exitCode !== null) throw new Error(`${command} ended at once: ${words}`);
        try {
            await (await fetch(url)).arrayBuffer();
            return { child, words: () => words };
        } catch {
            // not yet
        }
    }
    throw new Error(`${command} did not answer at ${url}: ${words}`);
}

/** Starts a server of ours, which prints its port in its first line. */
export async function startOurs(t, name, args = []) {
    const child = spawn(program(name), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    const lines = [];
    const waiting = [];
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
        const all = (rest + text).split('\n');
        rest = all.pop();
        for (const line of all) {
            const next = waiting.shift();
            if (next) next(line);
            else lines.push(line);
        }
    });
    t.after(async () => {
        child.kill('SIGTERM');
        await gone;
    });
    const nextLine = () => (lines.length ? Promise.resolve(lines.shift()) : new Promise((take) => waiting.push(take)));
    const port = Number(await Promise.race([nextLine(), gone.then(() => { throw new Error(`${name} ended at once`); })]));
    return { url: `http://127.0.0.1:${port}`, nextLine };
}
