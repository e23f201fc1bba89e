// A proxy that opens TLS, as companies run them: answers CONNECT with a certificate of its own, passes requests on, and prints the host of each.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer, request } from 'node:https';

const inside = createTlsServer({ cert: readFileSync('/tls/tls.crt'), key: readFileSync('/tls/tls.key') }, (asked, reply) => {
  const { method, url, headers } = asked;
  const onward = request({ host: headers.host, path: url, method, headers }, answer => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
  });
  onward.on('error', () => reply.destroy());
  asked.pipe(onward);
});

createServer()
  .on('connect', (asked, socket) => {
    console.log(asked.url);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    inside.emit('connection', socket);
  })
  .listen(3128);
