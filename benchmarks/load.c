/* The readers: opens WebSockets by the thousand, counts what each is sent exactly, and says when the last has it.
 *
 *     load PORT PATH GREETINGS
 *
 * PORT is loopback's; GREETINGS is how many messages a socket is sent before it counts as open. Commands come on stdin,
 * a line each:
 *
 *     open N     N more sockets, all at once. When the last is open: opened BEGIN END RETRIES
 *     count      at once: count RECEIVED REPEATED GONE
 *
 * Times are nanoseconds of CLOCK_MONOTONIC, which other processes can compare with their own. A broadcast is known by
 * the text `mark=` and its number in it, from 0 on, one more each time. When the last socket has it, unasked:
 *
 *     done MARK TIME
 *
 * REPEATED are those RECEIVED that were not later than what their socket had before: twice there, or out of order. GONE
 * sockets were closed by the server. The end of stdin is the end.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SOURCES = 8,  /* addresses to connect from: each has some 28,000 ports, and those of closed sockets rest a minute */
    MARKS = 4096,
    ROOM = 4096,  /* bytes of a socket that are no whole frame yet; the answer to a handshake is the longest */
    EVENTS = 1024,
};

/* The handshake's key is the example of RFC 6455, and so is what it has to be answered with. */
static const char REQUEST[] =
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };  /* opcodes */

struct reader {
    int fd;
    enum { CONNECTING, SHAKING, GREETED, OPEN } state;
    int greetings;  /* still to come */
    long last;      /* the latest mark that it was sent */
    size_t length;
    char bytes[ROOM];
};

static struct sockaddr_in server;
static char request[1024];
static int greetings, poller;

static long sockets, opening, began_at, retries, gone;
static long received, repeated, last_mark = -1;
static long had[MARKS];  /* by how many sockets each mark was received */

static void check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void watch(struct reader *reader, int operation, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = reader};

    check(epoll_ctl(poller, operation, reader->fd, &event), "epoll_ctl");
}

static void start(struct reader *reader, long number)
{
    struct sockaddr_in source = {.sin_family = AF_INET};
    int on = 1;

    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number % SOURCES);
    check(reader->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    /* The port is chosen at the connect, where it need only differ from those to the same server. */
    check(setsockopt(reader->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on), "setsockopt");
    check(bind(reader->fd, (struct sockaddr *)&source, sizeof source), "bind");
    if (connect(reader->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
        check(-1, "connect");
    reader->state = CONNECTING;
    reader->greetings = greetings;
    reader->last = last_mark;
    reader->length = 0;
    watch(reader, EPOLL_CTL_ADD, EPOLLOUT);
}

static void open_all(long more)
{
    struct reader *all = calloc(more, sizeof *all);

    if (!all)
        check(-1, "calloc");
    opening = more;
    retries = 0;
    began_at = now();
    for (long number = 0; number < more; number++, sockets++)
        start(&all[number], number);
}

static void greeted(struct reader *reader)
{
    reader->state = reader->greetings ? GREETED : OPEN;
    if (reader->state == OPEN && --opening == 0)
        printf("opened %ld %ld %ld\n", began_at, now(), retries);
}

/* One that is not open yet tries again, at once. */
static void closed(struct reader *reader)
{
    close(reader->fd);
    if (reader->state == OPEN)
        gone++;
    else
        start(reader, retries++);
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* Of a connection that does not take it the end is seen where it is read. */
static void say(struct reader *reader, const void *bytes, size_t length)
{
    if (send(reader->fd, bytes, length, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
        check(-1, "send");
}

/* A client's frame is masked; with a mask of zeros it reads as it is. */
static void answer(struct reader *reader, int opcode, const void *payload, size_t length)
{
    char frame[6 + 125] = {(char)(0x80 | opcode), (char)(0x80 | length)};

    memcpy(frame + 6, payload, length);
    say(reader, frame, 6 + length);
}

/* --- what is received ------------------------------------------------------------------------- */

static void count_in(struct reader *reader, long mark)
{
    if (mark < 0 || mark >= MARKS) {
        fprintf(stderr, "mark %ld is not from 0 to %d\n", mark, MARKS - 1);
        exit(1);
    }
    received++;
    if (mark <= reader->last) {
        repeated++;
        return;
    }
    reader->last = mark;
    if (mark > last_mark)
        last_mark = mark;
    if (++had[mark] == sockets)
        printf("done %ld %ld\n", mark, now());
}

static void heard(struct reader *reader, const char *text, size_t length)
{
    const char *mark = memmem(text, length, "mark=", 5);
    const char *nonce = memmem(text, length, "\"nonce\": \"", 10);
    char pong[64];

    if (mark) {
        count_in(reader, atol(mark + 5));
    } else if (nonce) {
        snprintf(pong, sizeof pong, "{\"pong\": \"%.16s\"}", nonce + 10);
        answer(reader, TEXT, pong, strlen(pong));
    } else if (reader->state == GREETED) {
        reader->greetings--;
        greeted(reader);
    }
}

/* The length of the frame that begins here; 0 where it is not all there, -1 where it is the last. */
static ssize_t take_frame(struct reader *reader, const char *bytes, size_t length)
{
    const unsigned char *head = (const unsigned char *)bytes;
    size_t before = 2, size;

    if (length < 2 || (head[1] == 126 && length < 4))
        return 0;
    size = head[1];
    if (size == 126) {
        size = head[2] << 8 | head[3];
        before = 4;
    }
    if (length < before + size)
        return 0;
    if ((head[0] & 15) == CLOSE)
        return -1;
    if ((head[0] & 15) == TEXT)
        heard(reader, bytes + before, size);
    else if ((head[0] & 15) == PING)
        answer(reader, PONG, bytes + before, size);
    return before + size;
}

/* The length of the answer to the handshake; 0 where it is not all there, -1 where it is a refusal. */
static ssize_t take_handshake(struct reader *reader)
{
    const char *end = memmem(reader->bytes, reader->length, "\r\n\r\n", 4);

    if (!end)
        return 0;
    if (memcmp(reader->bytes, "HTTP/1.1 101", 12) || !memmem(reader->bytes, reader->length, ACCEPT, strlen(ACCEPT)))
        return -1;
    greeted(reader);
    return end + 4 - reader->bytes;
}

static void readable(struct reader *reader)
{
    ssize_t length = recv(reader->fd, reader->bytes + reader->length, ROOM - reader->length, 0);
    ssize_t taken = 0, step;

    if (length < 0 && errno == EAGAIN)
        return;
    if (length <= 0) {
        closed(reader);
        return;
    }
    reader->length += length;
    do {
        if (reader->state == SHAKING)
            step = take_handshake(reader);
        else
            step = take_frame(reader, reader->bytes + taken, reader->length - taken);
        taken += step;
    } while (step > 0);
    if (step < 0) {
        closed(reader);
        return;
    }
    reader->length -= taken;
    memmove(reader->bytes, reader->bytes + taken, reader->length);
    if (reader->length == ROOM) {
        fprintf(stderr, "a frame of more than %d bytes\n", ROOM);
        exit(1);
    }
}

static void ready(struct reader *reader)
{
    if (reader->state == CONNECTING) {
        reader->state = SHAKING;
        say(reader, request, strlen(request));
        watch(reader, EPOLL_CTL_MOD, EPOLLIN);
    } else {
        readable(reader);
    }
}

static void obey(void)
{
    char line[64];

    if (!fgets(line, sizeof line, stdin))
        exit(0);
    if (!strncmp(line, "open ", 5))
        open_all(atol(line + 5));
    else
        printf("count %ld %ld %ld\n", received, repeated, gone);
}

int main(int count, char **arguments)
{
    struct epoll_event events[EVENTS], commands = {.events = EPOLLIN, .data.ptr = NULL};
    int port;

    if (count != 4) {
        fprintf(stderr, "usage: load PORT PATH GREETINGS\n");
        return 2;
    }
    port = atoi(arguments[1]);
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(request, sizeof request, REQUEST, arguments[2], port, port);
    greetings = atoi(arguments[3]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);  /* what stdio had read ahead, epoll would not know of */
    check(poller = epoll_create1(0), "epoll_create1");
    check(epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &commands), "epoll_ctl");
    for (;;) {
        int found = epoll_wait(poller, events, EVENTS, -1);

        for (int number = 0; number < found; number++) {
            if (events[number].data.ptr)
                ready(events[number].data.ptr);
            else
                obey();
        }
    }
}
