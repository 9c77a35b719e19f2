// A legacy endpoint that speaks HTTP/2 over TLS, with node's nghttp2: http2-upstream.mjs CERTIFICATE KEY
//
// Says "listening PORT". It answers each round of requests only when ROUND of them wait at once, so a client that does not
// multiplex them is never answered. /count says, over HTTP/1.1 or 2, how many sessions and requests there were.
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';

const ROUND = 6;
const [certificate, key] = process.argv.slice(2);
const seen = { sessions: 0, requests: 0, conditional: 0, mostAtOnce: 0, versions: [] };
let waiting = [];

const server = http2.createSecureServer({
  cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true,
});
server.on('session', () => { seen.sessions += 1; });
server.on('request', (request, response) => {
  if (request.url === '/count') {
    response.end(JSON.stringify(seen));
    return;
  }
  seen.requests += 1;
  if (!seen.versions.includes(request.httpVersion)) seen.versions.push(request.httpVersion);
  waiting.push([request, response]);
  seen.mostAtOnce = Math.max(seen.mostAtOnce, waiting.length);
  if (waiting.length < ROUND) return;
  for (const [asked, answer] of waiting) {
    const tag = `"${asked.url}"`;
    const isKnown = asked.headers['if-none-match'] === tag;
    if (isKnown) seen.conditional += 1;
    answer.writeHead(isKnown ? 304 : 200, { etag: tag, 'content-type': 'application/json' });
    answer.end(isKnown ? undefined : JSON.stringify({ path: asked.url, version: asked.httpVersion }));
  }
  waiting = [];
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
