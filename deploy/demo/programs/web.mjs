// A small web server: says on which host, under which name and pid it runs.
// node web.mjs PORT
import { createServer } from 'node:http';

const port = Number(process.argv[2]);
const { HOST: host, SUPERVISOR_PROCESS_NAME: name } = process.env;

const server = createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  response.end(`${host} ${name}, pid ${process.pid}\n`);
});
server.listen(port, '127.0.0.1', () => console.log(`listening on ${port}`));

process.on('SIGTERM', () => server.close(() => process.exit(0)));
