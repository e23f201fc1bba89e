// A proxy that opens TLS, as companies run them: answers CONNECT with a certificate of its own, passes requests on, and prints the host of each. Whoever takes
// it for AWS itself, by its address, gets the same. With THROTTLE=n it refuses the first call of each action and every n-th after it, as AWS does.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer, request } from 'node:https';

const throttle = Number(process.env['THROTTLE'] ?? 0);
const calls = new Map<string, number>();

/** What AWS answers instead (DynamoDB Developer Guide, "Error handling with DynamoDB"; STS API Reference, "Common Errors"). */
function refusal(action: string): string {
  if (action === 'sts')
    return '<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>';
  if (/Item|Query|Scan/.test(action))
    return JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'The level of configured provisioned throughput for the table was exceeded.',
    });
  return JSON.stringify({
    __type: 'com.amazon.coral.availability#ThrottlingException',
    message: 'Rate of requests exceeds the allowed throughput.',
  });
}

const inside = createTlsServer({ cert: readFileSync('/tls/tls.crt'), key: readFileSync('/tls/tls.key') }, (asked, reply) => {
  const { method, url, headers } = asked;
  const action = String(headers['x-amz-target'] ?? headers.host?.split('.')[0]).replace(/^.*\./, '');
  const count = calls.get(action) ?? 0;
  calls.set(action, count + 1);
  if (throttle > 0 && count % throttle === 0) {
    console.log(`${action} throttled`);
    asked.resume();
    reply.writeHead(400, { 'content-type': action === 'sts' ? 'text/xml' : 'application/x-amz-json-1.0' }).end(refusal(action));
    return;
  }
  const onward = request({ host: headers.host, path: url, method, headers }, answer => {
    reply.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(reply);
  });
  onward.on('error', () => reply.destroy());
  asked.pipe(onward);
}).listen(443);

createServer()
  .on('connect', (asked, socket) => {
    console.log(asked.url);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    inside.emit('connection', socket);
  })
  .listen(3128);
