// leat's client over HTTP/2, against the server of node.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createSecureServer } from 'node:http2';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program, run } from './support.mjs';

/** A certificate for 127.0.0.1 that its own key has signed. */
async function certificate(t) {
    const folder = await mkdtemp(join(tmpdir(), 'leat-partners-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const { code, err } = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
        '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
    assert.equal(code, 0, err);
    return { file: cert, key: await readFile(key), cert: await readFile(cert) };
}

test('HTTP/2: streams beside each other, a slow reader, leaving, uploading, a cut', async (t) => {
    const large = Buffer.alloc(2_000_000, 'abcdefghijklmnopqrstuvwxyz');
    const { file, key, cert } = await certificate(t);
    const server = createSecureServer({ key, cert }); // no HTTP/1.1
    let sessions = 0, events, endless;
    server.on('session', () => ++sessions);
    server.on('stream', (stream, headers) => {
        const text = (words) => { stream.respond({ ':status': 200 }); stream.end(words); };
        stream.on('error', () => {}); // it was left
        switch (headers[':path']) {
        case '/events':
            events = stream;
            stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
            stream.write('data: one\n\n');
            break;
        case '/go':
            text('gone');
            events.end('data: two\n\n');
            break;
        case '/large':
            text(large);
            break;
        case '/endless': {
            stream.respond({ ':status': 200 });
            const more = () => { while (!stream.destroyed && stream.write(large)); };
            stream.on('drain', more);
            endless = new Promise((left) => stream.on('close', left));
            more();
            break;
        }
        case '/left':
            endless.then(() => text('it has left'));
            break;
        case '/upload': {
            let size = 0;
            stream.on('data', (bytes) => (size += bytes.length));
            stream.on('end', () => text(String(size)));
            break;
        }
        case '/cut':
            stream.respond({ ':status': 200 });
            stream.write('12345', () => stream.destroy(new Error('cut'))); // RST_STREAM, INTERNAL_ERROR
            break;
        }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { code, out, err } = await run(program('http2'), [`https://127.0.0.1:${server.address().port}`, file]);
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out), {
        events: ['one', 'two'],
        go: 'gone',
        large: { size: large.length, good: true },
        endless: true,
        left: 'it has left',
        uploaded: '1000000',
        cut: 'cut_connection',
        'before the cut': '12345',
    });
    assert.equal(sessions, 1, 'all over one connection');
});
