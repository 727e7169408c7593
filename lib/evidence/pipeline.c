#include "evidence/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/auto.h"

#define MOST_WORKERS 8

/* Blocks beyond those being worked on: one being filled, one being written,
 * two for a worker to go on with meanwhile. */
#define MORE_BLOCKS 4

struct worker {
	pthread_t thread;
	struct firn_pipeline *pipeline;
	ZSTD_CCtx *zstd;
	struct firn_sha256 sha256;
	bool runs;
};

/* Numbers count blocks from the first; block N is in slot N % n_blocks. */
struct firn_pipeline {
	struct firn_block blocks[MOST_WORKERS + MORE_BLOCKS];
	size_t n_blocks;
	struct worker workers[MOST_WORKERS];
	size_t n_workers;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t work, finished;
	uint64_t submitted, to_hash, to_compress, taken;
	bool hashing, stopping;

	struct firn_sha256 chain; /* of whoever hashes */
};

static struct firn_block *
slot(struct firn_pipeline *pipeline, uint64_t number)
{
	return &pipeline->blocks[number % pipeline->n_blocks];
}

static int
hash(struct firn_pipeline *pipeline, struct firn_block *block,
     struct firn_err *err)
{
	for (size_t i = 0; i < block->n_segments; i++) {
		const struct firn_segment *segment = &block->segments[i];

		if (segment->first &&
		    firn_sha256_start(&pipeline->chain, err) < 0)
			return -1;
		firn_sha256_add(&pipeline->chain,
				block->plain + segment->offset, segment->len);
		if (segment->last)
			firn_sha256_end(&pipeline->chain, segment->digest);
	}
	return 0;
}

static int
compress(struct worker *worker, struct firn_block *block, struct firn_err *err)
{
	size_t len = ZSTD_compress2(worker->zstd, block->stored,
				    ZSTD_compressBound(FIRN_FRAME),
				    block->plain, block->len);

	if (ZSTD_isError(len))
		return firn_err_set(err, ENOMEM, "compress: %s",
				    ZSTD_getErrorName(len));
	if (firn_sha256_start(&worker->sha256, err) < 0)
		return -1;
	firn_sha256_add(&worker->sha256, block->stored, len);
	firn_sha256_end(&worker->sha256, block->sha256);
	block->stored_len = len;
	return 0;
}

/* One piece of work, if there is any; called and left with the lock held. */
static bool
works(struct worker *worker)
{
	struct firn_pipeline *pipeline = worker->pipeline;
	struct firn_block *block;
	struct firn_err err = { 0 };
	int done;

	if (!pipeline->hashing && pipeline->to_hash < pipeline->submitted) {
		block = slot(pipeline, pipeline->to_hash);
		pipeline->hashing = true;
		pthread_mutex_unlock(&pipeline->lock);
		done = hash(pipeline, block, &err);
		pthread_mutex_lock(&pipeline->lock);
		pipeline->hashing = false;
		pipeline->to_hash++;
		block->hashed = true;
	} else if (pipeline->to_compress < pipeline->submitted) {
		block = slot(pipeline, pipeline->to_compress++);
		pthread_mutex_unlock(&pipeline->lock);
		done = compress(worker, block, &err);
		pthread_mutex_lock(&pipeline->lock);
		block->compressed = true;
	} else {
		return false;
	}
	if (done < 0)
		block->err = err;
	if (block->hashed && block->compressed &&
	    block == slot(pipeline, pipeline->taken))
		pthread_cond_signal(&pipeline->finished);
	return true;
}

static void *
run(void *arg)
{
	struct worker *worker = arg;
	struct firn_pipeline *pipeline = worker->pipeline;

	pthread_mutex_lock(&pipeline->lock);
	while (!pipeline->stopping)
		if (!works(worker))
			pthread_cond_wait(&pipeline->work, &pipeline->lock);
	pthread_mutex_unlock(&pipeline->lock);
	return NULL;
}

static int
start_worker(struct firn_pipeline *pipeline, struct worker *worker, int level,
	     struct firn_err *err)
{
	sigset_t all, before;

	worker->pipeline = pipeline;
	worker->zstd = ZSTD_createCCtx();
	if (worker->zstd == NULL)
		return firn_err_nomem(err);
	if (ZSTD_isError(ZSTD_CCtx_setParameter(worker->zstd,
						ZSTD_c_compressionLevel,
						level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(worker->zstd,
						ZSTD_c_checksumFlag, 1)))
		return firn_err_set(err, EINVAL, "compression level %d", level);
	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errno != 0)
		return firn_err_sys(err, "start a thread");
	worker->runs = true;
	return 0;
}

static unsigned
cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return MOST_WORKERS; /* more than a set has: many */
	return (unsigned)CPU_COUNT(&set);
}

int
firn_pipeline_create(struct firn_pipeline **ret, unsigned workers, int level,
		     struct firn_err *err)
{
	autodone(firn_pipeline_close) struct firn_pipeline *pipeline = NULL;

	pipeline = calloc(1, sizeof(*pipeline));
	if (pipeline == NULL)
		return firn_err_nomem(err);
	pthread_mutex_init(&pipeline->lock, NULL);
	pthread_cond_init(&pipeline->work, NULL);
	pthread_cond_init(&pipeline->finished, NULL);
	if (workers == 0)
		workers = cores();
	if (workers > MOST_WORKERS)
		workers = MOST_WORKERS;
	pipeline->n_workers = workers;
	pipeline->n_blocks = workers + MORE_BLOCKS;
	for (size_t i = 0; i < pipeline->n_blocks; i++) {
		struct firn_block *block = &pipeline->blocks[i];

		block->plain = malloc(FIRN_FRAME);
		block->stored = malloc(ZSTD_compressBound(FIRN_FRAME));
		if (block->plain == NULL || block->stored == NULL)
			return firn_err_nomem(err);
	}
	for (size_t i = 0; i < workers; i++)
		if (start_worker(pipeline, &pipeline->workers[i], level, err) <
		    0)
			return -1;
	*ret = firn_steal(pipeline);
	return 0;
}

void
firn_pipeline_close(struct firn_pipeline **ptr)
{
	struct firn_pipeline *pipeline = *ptr;

	if (pipeline == NULL)
		return;
	pthread_mutex_lock(&pipeline->lock);
	pipeline->stopping = true;
	pthread_cond_broadcast(&pipeline->work);
	pthread_mutex_unlock(&pipeline->lock);
	for (size_t i = 0; i < pipeline->n_workers; i++) {
		struct worker *worker = &pipeline->workers[i];

		if (worker->runs)
			pthread_join(worker->thread, NULL);
		ZSTD_freeCCtx(worker->zstd);
		firn_sha256_free(&worker->sha256);
	}
	for (size_t i = 0; i < pipeline->n_blocks; i++) {
		free(pipeline->blocks[i].plain);
		free(pipeline->blocks[i].stored);
		free(pipeline->blocks[i].segments);
	}
	firn_sha256_free(&pipeline->chain);
	pthread_cond_destroy(&pipeline->finished);
	pthread_cond_destroy(&pipeline->work);
	pthread_mutex_destroy(&pipeline->lock);
	free(pipeline);
	*ptr = NULL;
}

/* `submitted` and `taken` change in the owner's thread only, which may
 * therefore read them without the lock. */
struct firn_block *
firn_pipeline_block(struct firn_pipeline *pipeline)
{
	if (pipeline->submitted - pipeline->taken == pipeline->n_blocks)
		return NULL;
	return slot(pipeline, pipeline->submitted);
}

uint64_t
firn_pipeline_number(const struct firn_pipeline *pipeline)
{
	return pipeline->submitted;
}

uint64_t
firn_pipeline_submit(struct firn_pipeline *pipeline)
{
	uint64_t number = pipeline->submitted;

	pthread_mutex_lock(&pipeline->lock);
	pipeline->submitted++;
	pthread_cond_broadcast(&pipeline->work);
	pthread_mutex_unlock(&pipeline->lock);
	return number;
}

struct firn_block *
firn_pipeline_finished(struct firn_pipeline *pipeline, bool wait)
{
	struct firn_block *block = slot(pipeline, pipeline->taken);
	bool ready;

	if (pipeline->taken == pipeline->submitted)
		return NULL;
	pthread_mutex_lock(&pipeline->lock);
	while (wait && !(block->hashed && block->compressed))
		pthread_cond_wait(&pipeline->finished, &pipeline->lock);
	ready = block->hashed && block->compressed;
	pthread_mutex_unlock(&pipeline->lock);
	return ready ? block : NULL;
}

void
firn_pipeline_taken(struct firn_pipeline *pipeline)
{
	struct firn_block *block = slot(pipeline, pipeline->taken);

	block->len = 0;
	block->n_segments = 0;
	block->continues = false;
	block->stored_len = 0;
	block->hashed = block->compressed = false;
	block->err.code = 0;
	pthread_mutex_lock(&pipeline->lock);
	pipeline->taken++;
	pthread_mutex_unlock(&pipeline->lock);
}

int
firn_segment_add(struct firn_block *block, struct firn_segment segment,
		 struct firn_err *err)
{
	struct firn_segment *last, *larger;
	size_t max;

	last = block->n_segments > 0 ? &block->segments[block->n_segments - 1]
				     : NULL;
	if (last != NULL && last->digest == segment.digest &&
	    last->offset + last->len == segment.offset && !segment.first) {
		last->len += segment.len;
		last->last = segment.last;
		return 0;
	}
	if (block->n_segments == block->max_segments) {
		max = block->max_segments != 0 ? 2 * block->max_segments : 16;
		larger = realloc(block->segments, max * sizeof(*larger));
		if (larger == NULL)
			return firn_err_nomem(err);
		block->segments = larger;
		block->max_segments = max;
	}
	block->segments[block->n_segments++] = segment;
	return 0;
}
