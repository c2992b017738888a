/* The least that it can cost: a loop with one send for each socket of a frame that is ready.
 *
 *     limit PORT CONTROL
 *
 * Serves WebSockets on loopback and hears nothing of what they say. CONTROL is the path of a Unix socket; each line that
 * is written to it goes to all of them.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, EVENTS = 1024, MOST = 65536, ROOM = 4096 };

static int listening, controlling, control = -1, poller;
static char is_open[MOST];  /* by file descriptor: the handshake is done */
static int highest;

static void check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

/* --- the handshake: SHA-1 (FIPS 180-4) and base64 ---------------------------------------------- */

static uint32_t left(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = left(a, 5) + f + e + k + w[i];

        e = d, d = c, c = left(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* Of a text of 56 to 119 bytes, as a key with its suffix is: two blocks. */
static void sha1(const char *text, unsigned char digest[20])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char blocks[128] = {0};
    size_t length = strlen(text);

    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    blocks[126] = length * 8 >> 8;
    blocks[127] = length * 8;
    sha1_block(state, blocks);
    sha1_block(state, blocks + 64);
    for (int i = 0; i < 20; i++)
        digest[i] = state[i / 4] >> (24 - i % 4 * 8);
}

static void accept_key(const char key[24], char answer[29])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char digest[21] = {0};
    char text[64];

    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(text, digest);
    for (int i = 0; i < 28; i++) {
        uint32_t three = digest[i / 4 * 3] << 16 | digest[i / 4 * 3 + 1] << 8 | digest[i / 4 * 3 + 2];

        answer[i] = digits[three >> (18 - i % 4 * 6) & 63];
    }
    answer[27] = '=';
    answer[28] = 0;
}

static void shake(int fd, const char *head)
{
    const char *line = strcasestr(head, "\r\nsec-websocket-key: ");
    char answer[256], key[29];

    if (!line || strlen(line) < 21 + 24 || fd >= MOST) {
        close(fd);
        return;
    }
    accept_key(line + 21, key);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n", key);
    is_open[fd] = send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0;
    highest = fd > highest ? fd : highest;
}

/* --- the sockets ------------------------------------------------------------------------------ */

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    check(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void broadcast(const char *line, size_t length)
{
    char frame[ROOM + 4] = {(char)0x81, 126, (char)(length >> 8), (char)length};
    size_t before = length < 126 ? 2 : 4;

    if (length < 126)
        frame[1] = length;
    memcpy(frame + before, line, length);
    for (int fd = 0; fd <= highest; fd++)
        if (is_open[fd])
            send(fd, frame, before + length, MSG_NOSIGNAL);
}

/* Lines that came, and the begin of one that is still to end. */
static void obey(void)
{
    static char bytes[ROOM];
    static size_t length;
    ssize_t more = recv(control, bytes + length, ROOM - length, 0);
    char *begin = bytes, *end;

    if (more <= 0)
        exit(0);
    length += more;
    while ((end = memchr(begin, '\n', bytes + length - begin))) {
        broadcast(begin, end - begin);
        begin = end + 1;
    }
    length -= begin - bytes;
    memmove(bytes, begin, length);
}

static void accept_control(void)
{
    check(control = accept(controlling, NULL, NULL), "accept");
    watch(control);
}

static void accept_all(void)
{
    int fd;

    while ((fd = accept(listening, NULL, NULL)) >= 0)
        watch(fd);
    if (errno != EAGAIN)
        check(-1, "accept");
}

/* A request comes in one piece: it is short, and the client is ours. */
static void hear(int fd)
{
    char bytes[ROOM];
    ssize_t length = recv(fd, bytes, sizeof bytes - 1, 0);

    if (length <= 0) {
        is_open[fd] = 0;
        close(fd);
    } else if (!is_open[fd]) {
        bytes[length] = 0;
        shake(fd, bytes);
    }
}

int main(int count, char **arguments)
{
    struct sockaddr_in place = {.sin_family = AF_INET};
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct epoll_event events[EVENTS];
    int on = 1;

    if (count != 3) {
        fprintf(stderr, "usage: limit PORT CONTROL\n");
        return 2;
    }
    place.sin_port = htons(atoi(arguments[1]));
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(path.sun_path, sizeof path.sun_path, "%s", arguments[2]);
    check(poller = epoll_create1(0), "epoll_create1");
    check(controlling = socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    check(bind(controlling, (struct sockaddr *)&path, sizeof path), "bind");
    check(listen(controlling, 1), "listen");
    watch(controlling);
    check(listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    check(setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    check(bind(listening, (struct sockaddr *)&place, sizeof place), "bind");
    check(listen(listening, BACKLOG), "listen");
    watch(listening);
    for (;;) {
        int found = epoll_wait(poller, events, EVENTS, -1);

        for (int number = 0; number < found; number++) {
            int fd = events[number].data.fd;

            if (fd == listening)
                accept_all();
            else if (fd == controlling)
                accept_control();
            else if (fd == control)
                obey();
            else
                hear(fd);
        }
    }
}
