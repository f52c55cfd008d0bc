// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads on two processors that count in one variable without a lock: a
 * race that KCSAN has to find, or it would not find one of eftf.ko either.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static unsigned long racer_count;
static struct task_struct *racer_threads[2];

static int racer_run(void *unused)
{
	while (!kthread_should_stop()) {
		racer_count++;
		cond_resched();
	}
	return 0;
}

static void racer_stop(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(racer_threads); i++)
		if (!IS_ERR_OR_NULL(racer_threads[i]))
			kthread_stop(racer_threads[i]);
}

static int __init racer_init(void)
{
	struct task_struct *thread;
	int i;

	for (i = 0; i < ARRAY_SIZE(racer_threads); i++) {
		thread = kthread_run_on_cpu(racer_run, NULL, i, "racer%u");
		if (IS_ERR(thread)) {
			racer_stop();
			return PTR_ERR(thread);
		}
		racer_threads[i] = thread;
	}
	return 0;
}

static void __exit racer_exit(void)
{
	racer_stop();
}

module_init(racer_init);
module_exit(racer_exit);
MODULE_DESCRIPTION("a data race, for the test of the test");
MODULE_LICENSE("GPL");
