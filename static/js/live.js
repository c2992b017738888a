// Follows the notices of the site from the page's cursor on: by a socket, or by asking where no socket gets through.

const BACK_OFF = { first: 500, longest: 30_000 }; // ms
const SILENCE = 60_000; // ms without a word, heartbeats included, after which a socket is taken for dead
const SOCKETS_TRIED = 3; // failures in a row after which the page asks instead
const POLL = { visible: 15_000, hidden: 60_000 }; // ms
const TOO_MANY = 4029;
const TOO_MANY_WAIT = 30_000; // ms
const SESSION_ENDED = 4501;

// `handlers`: notice(message), reset(), state("connecting" | "live" | "polling" | "stopped").
export function follow(cursor, handlers) {
  let socket = null;
  let failures = 0; // in a row, since the last hello
  let sessionEnded = false;
  let stopped = false;
  let retry = 0;
  let watchdog = 0;

  function connect() {
    clearTimeout(retry);
    if (socket !== null) {
      return;
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/ws/update_notice/?since=${encodeURIComponent(cursor)}`);
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = (event) => closed(event.code);
    watch();
  }

  function watch() {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => abandon(), SILENCE);
  }

  // A dead connection may take minutes to say so; this one is not waited for.
  function abandon() {
    socket.onmessage = socket.onclose = null;
    socket.close();
    closed(0);
  }

  function receive(message) {
    watch();
    switch (message.type) {
      case "hello":
        failures = 0;
        sessionEnded = false;
        cursor = message.cursor;
        handlers.state("live");
        break;
      case "update_notice":
        cursor = message.cursor;
        handlers.notice(message);
        break;
      case "heartbeat":
        cursor = message.cursor;
        socket.send(JSON.stringify({ pong: message.nonce }));
        break;
      case "reset":
        handlers.reset();
        break;
      case "counts":
      case "progress":
      case "notification":
        break; // nothing on this page shows them
      default:
        console.error("A message of unknown type:", message);
    }
  }

  function closed(code) {
    clearTimeout(watchdog);
    socket = null;
    const again = code < 4500 || (code === SESSION_ENDED && !sessionEnded);
    if (!again) {
      stopped = true;
      handlers.state("stopped");
      return;
    }
    sessionEnded = code === SESSION_ENDED;
    failures += 1;
    if (failures >= SOCKETS_TRIED) {
      handlers.state("polling");
      poll(); // and try a socket again after each answer
      return;
    }
    handlers.state("connecting");
    retry = setTimeout(connect, Math.max(backOff(), code === TOO_MANY ? TOO_MANY_WAIT : 0));
  }

  function backOff() {
    return Math.random() * Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures);
  }

  async function poll() {
    try {
      const response = await fetch(`/updates/?since=${encodeURIComponent(cursor)}`, { cache: "no-cache" });
      if (!response.ok) {
        throw new Error(`/updates/ answered ${response.status}`);
      }
      const answer = await response.json();
      if (socket !== null) {
        return; // meanwhile one has been opened, which replays the same
      }
      answer.notices.forEach(handlers.notice);
      cursor = answer.cursor;
      if (answer.reset) {
        handlers.reset();
      }
    } catch (error) {
      console.warn("Asking for news failed; it is tried again.", error);
    }
    const wait = document.hidden ? POLL.hidden : POLL.visible;
    retry = setTimeout(connect, wait * (0.8 + 0.4 * Math.random()));
  }

  // Back on the network, or back in sight: now, not when the back-off says.
  function hurry() {
    if (!stopped && !document.hidden) {
      connect();
    }
  }

  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  handlers.state("connecting");
  connect();
}
