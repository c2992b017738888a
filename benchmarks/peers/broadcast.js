// node's ws: each line that is written to the Unix socket goes to all WebSockets.
//
//     node broadcast.js PORT CONTROL      with NODE_PATH where ws is

const net = require("node:net");
const readline = require("node:readline");
const { WebSocketServer } = require("ws");

const [port, control] = process.argv.slice(2);
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), backlog: 4096 });

net.createServer((line) => {
    readline.createInterface({ input: line }).on("line", (text) => {
        for (const client of server.clients) client.send(text);
    });
}).listen(control);
