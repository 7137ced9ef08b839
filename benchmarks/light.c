/* The light path as a hand-written loop: what is left when nothing is general.

   limit_req per client, an edge worker, round robin, one event loop a replica, Redis, a pool a replica, PgBouncer's
   server connections, database cores first come first served, the second burst, a latency histogram. No control
   plane, no CPU quota, no account of where time went, no digest. Draws are read from arrays. */
#include <stdint.h>
#include <stdlib.h>

enum { REPLICAS = 64, SLOTS = 1 << 16, BUCKETS = 4096 };
enum { ENTER, FIRST, CACHED, AT_BOUNCER, AT_CORES, STATEMENT, ANSWERED, LAST, END };

typedef struct {
    double edge_cpu, edge_network, first_cpu, second_cpu, redis_cpu, cache_network, hit, database_network, query_cpu,
        statement, patience;
    int64_t replicas, pool, servers, cores, rate, burst, clients;
} Config;

typedef struct { int64_t served, rejected, timed_out; double latency; } Outcome;
typedef struct { double time; int64_t number; int32_t slot, step; } Event;
typedef struct { int32_t free, first, last; } Tokens;

static Event heap[SLOTS];
static int count;
static double arrived[SLOTS], since[SLOTS];
static int64_t number_of[SLOTS], histogram[BUCKETS];
static int32_t replica_of[SLOTS], next[SLOTS], unused[SLOTS];

static void push(double time, int64_t number, int slot, int step) {
    int i = count++;
    while (i > 0) {
        int up = (i - 1) / 2;
        if (heap[up].time < time || (heap[up].time == time && heap[up].number <= number)) break;
        heap[i] = heap[up];
        i = up;
    }
    heap[i] = (Event){time, number, slot, step};
}

static Event pop(void) {
    Event top = heap[0], last = heap[--count];
    int i = 0;
    for (;;) {
        int down = 2 * i + 1;
        if (down >= count) break;
        if (down + 1 < count && (heap[down + 1].time < heap[down].time ||
            (heap[down + 1].time == heap[down].time && heap[down + 1].number < heap[down].number))) down++;
        if (last.time <= heap[down].time) break;
        heap[i] = heap[down];
        i = down;
    }
    heap[i] = last;
    return top;
}

static double join(double *free_at, double work, double now) {
    return *free_at = (*free_at > now ? *free_at : now) + work;
}

static int take(Tokens *t, int slot, double now) {
    if (t->free > 0) { t->free--; return 1; }
    since[slot] = now;
    next[slot] = -1;
    if (t->first < 0) t->first = slot; else next[t->last] = slot;
    t->last = slot;
    return 0;
}

static int release(Tokens *t) {
    int slot = t->first;
    if (slot < 0) t->free++; else t->first = next[slot];
    return slot;
}

/* Returns 0, or 1 when there were more requests at a time than it has room for. */
int run_light(const Config *c, int64_t requests, const double *times, const int64_t *clients, const double *draws,
              double until, Outcome *out) {
    double edge = 0, redis = 0, bouncer = 0, loop[REPLICAS] = {0};
    Tokens pool[REPLICAS], servers = {c->servers, -1, -1}, cores = {c->cores, -1, -1};
    int64_t *excess = calloc(c->clients, 8), *last = calloc(c->clients, 8), at = 0, turn = 0;
    int spare = SLOTS;
    for (int i = 0; i < SLOTS; i++) unused[i] = i;
    for (int i = 0; i < c->clients; i++) last[i] = -1000000;
    for (int i = 0; i < c->replicas; i++) pool[i] = (Tokens){c->pool, -1, -1};
    count = 0;
    *out = (Outcome){0};
    for (;;) {
        if (at < requests && (count == 0 || times[at] <= heap[0].time)) {
            double now = times[at];
            if (now >= until) break;
            if (c->rate > 0) {
                int64_t k = clients[at], ms = (int64_t)(now * 1000.0);
                int64_t e = excess[k] - c->rate * 1000 * (ms - last[k]) / 1000 + 1000;
                if (e < 0) e = 0;
                if (e > c->burst * 1000) { out->rejected++; at++; continue; }
                excess[k] = e;
                last[k] = ms;
            }
            if (spare == 0) { free(excess); free(last); return 1; }
            int s = unused[--spare];
            arrived[s] = now;
            number_of[s] = at;
            push(join(&edge, c->edge_cpu * draws[4 * at], now) + c->edge_network, at, s, ENTER);
            at++;
            continue;
        }
        if (count == 0 || heap[0].time >= until) break;
        Event e = pop();
        double now = e.time;
        int s = e.slot, w;
        const double *draw = draws + 4 * e.number;
        int32_t *r = &replica_of[s];
        switch (e.step) {
        case ENTER:
            *r = turn++ % c->replicas;
            push(join(&loop[*r], c->first_cpu * draw[1], now), e.number, s, FIRST);
            break;
        case FIRST:
            push(join(&redis, c->redis_cpu, now + c->cache_network) + c->cache_network, e.number, s, CACHED);
            break;
        case CACHED:
            if (draw[2] < c->hit) push(join(&loop[*r], c->second_cpu, now), e.number, s, END);
            else if (take(&pool[*r], s, now)) push(now + c->database_network, e.number, s, AT_BOUNCER);
            break;
        case AT_BOUNCER:
            if (take(&servers, s, now)) push(join(&bouncer, c->query_cpu, now), e.number, s, AT_CORES);
            break;
        case AT_CORES:
            if (take(&cores, s, now)) push(now + c->statement * draw[3], e.number, s, STATEMENT);
            break;
        case STATEMENT:
            if ((w = release(&cores)) >= 0) push(now + c->statement * draws[4 * number_of[w] + 3], number_of[w], w, STATEMENT);
            push(now + c->database_network, e.number, s, ANSWERED);
            break;
        case ANSWERED:
            if ((w = release(&servers)) >= 0) push(join(&bouncer, c->query_cpu, now), number_of[w], w, AT_CORES);
            while ((w = release(&pool[*r])) >= 0) {
                if (now - since[w] <= c->patience) { push(now + c->database_network, number_of[w], w, AT_BOUNCER); break; }
                out->timed_out++; /* noticed only now; the connection goes to the next */
                unused[spare++] = w;
            }
            push(join(&redis, c->redis_cpu, now + c->cache_network) + c->cache_network, e.number, s, LAST);
            break;
        case LAST:
            push(join(&loop[*r], c->second_cpu, now), e.number, s, END);
            break;
        case END: {
            double latency = now + c->edge_network - arrived[s];
            int bucket = (int)(latency * 2000.0);
            histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
            out->served++;
            out->latency += latency;
            unused[spare++] = s;
        }
        }
    }
    free(excess);
    free(last);
    return 0;
}
