// Follows the notices of the site from the page's cursor on: by a socket, or by asking where no socket gets through.

const BACK_OFF = { first: 500, longest: 30_000 }; // ms
const SILENCE = 60_000; // ms without a word, heartbeats included, after which a socket is taken for dead
const DOUBTFUL = 30_000; // ms of silence after which a page that comes back in sight does not wait for that
const SOCKETS_TRIED = 3; // failures in a row after which the page asks instead
const POLL = { visible: 15_000, hidden: 60_000 }; // ms
const TOO_MANY = 4029;
const SESSION_ENDED = 4501;
// After a second the answer with the cookie that takes the old one's place has come, too.
const LEAST_WAIT = { [TOO_MANY]: 30_000, [SESSION_ENDED]: 1_000 }; // ms, by close code

// `handlers`: caughtUp() after each hello or answer, notice(message), signal(message), reset(), and
// state("connecting" | "live" | "polling" | "offline" | "stopped").
export function follow(cursor, handlers) {
  let socket = null;
  let heard = 0; // when the socket last said something
  let failures = 0; // in a row, since the last hello
  let sessionEnded = false;
  let stopped = false;
  let polling = false;
  let timer = 0; // of the next try
  let watchdog = 0;

  function address(path) {
    return cursor ? `${path}?since=${encodeURIComponent(cursor)}` : path;
  }

  function connect() {
    clearTimeout(timer);
    if (socket !== null) {
      return;
    }
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${address("/ws/update_notice/")}`);
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = (event) => closed(event.code);
    watch();
  }

  function watch() {
    heard = Date.now();
    clearTimeout(watchdog);
    watchdog = setTimeout(abandon, SILENCE);
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
        handlers.caughtUp();
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
      case "import":
        handlers.signal(message);
        break;
      default:
        console.error("A message of unknown type:", message);
    }
  }

  function closed(code) {
    clearTimeout(watchdog);
    socket = null;
    if (code >= 4500 && (code !== SESSION_ENDED || sessionEnded)) {
      stopped = true;
      handlers.state("stopped");
      return;
    }
    sessionEnded = code === SESSION_ENDED;
    failures += 1;
    if (failures < SOCKETS_TRIED) {
      handlers.state("connecting");
      later(Math.max(backOff(), LEAST_WAIT[code] ?? 0));
    } else {
      poll();
    }
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(connect, wait);
  }

  function backOff() {
    return Math.random() * Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures);
  }

  // Ask once; then a socket is tried again, and where that fails, too, this comes round again.
  async function poll() {
    if (polling) {
      return;
    }
    polling = true;
    try {
      const response = await fetch(address("/updates/"), { cache: "no-cache" });
      if (!response.ok) {
        throw new Error(`/updates/ answered ${response.status}`);
      }
      take(await response.json());
      pause("polling", (document.hidden ? POLL.hidden : POLL.visible) * (0.8 + 0.4 * Math.random()));
    } catch (error) {
      // Not the socket, the site: it is back sooner than a poll would notice.
      console.warn("Asking for news failed; it is tried again.", error);
      pause("offline", backOff());
    }
    polling = false;
  }

  function pause(state, wait) {
    if (socket === null) {
      handlers.state(state);
      later(wait);
    }
  }

  function take(answer) {
    if (socket !== null) {
      return; // meanwhile one has been opened, which replays the same
    }
    cursor = answer.cursor;
    if (answer.reset) {
      handlers.reset();
    }
    answer.notices.forEach(handlers.notice);
    handlers.caughtUp();
  }

  // Back on the network, or back in sight: now, not when the back-off says.
  function hurry() {
    if (stopped || document.hidden) {
      return;
    }
    if (socket !== null && Date.now() - heard > DOUBTFUL) {
      abandon();
    }
    connect();
  }

  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  handlers.state("connecting");
  connect();
}
