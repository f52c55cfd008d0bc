// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with faults: what the checked kernels have to find here, or they
 * would not find it in eftf.ko either.
 *   insmod planted.ko fault=use-after-free|lock-inversion|race
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "use-after-free, lock-inversion or race");

/* KASAN: a read of an object that was freed. */
static int planted_use_after_free(void)
{
	int *object = kzalloc(64, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	kfree(object);
	return READ_ONCE(*object) == 1 ? -EIO : 0;
}

static DEFINE_MUTEX(planted_first);
static DEFINE_MUTEX(planted_second);

/* Lockdep: two locks in both orders, by one thread, so that nothing hangs. */
static int planted_lock_inversion(void)
{
	mutex_lock(&planted_first);
	mutex_lock(&planted_second);
	mutex_unlock(&planted_second);
	mutex_unlock(&planted_first);

	mutex_lock(&planted_second);
	mutex_lock(&planted_first);
	mutex_unlock(&planted_first);
	mutex_unlock(&planted_second);
	return 0;
}

static unsigned long planted_count;
static struct task_struct *planted_threads[2];

static int planted_counter(void *unused)
{
	while (!kthread_should_stop()) {
		planted_count++;
		cond_resched();
	}
	return 0;
}

static void planted_stop(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(planted_threads); i++)
		if (!IS_ERR_OR_NULL(planted_threads[i]))
			kthread_stop(planted_threads[i]);
}

/* KCSAN: two threads on two processors that count in one variable without a lock, until the module goes. */
static int planted_race(void)
{
	struct task_struct *thread;
	int i;

	for (i = 0; i < ARRAY_SIZE(planted_threads); i++) {
		thread = kthread_run_on_cpu(planted_counter, NULL, i, "planted%u");
		if (IS_ERR(thread)) {
			planted_stop();
			return PTR_ERR(thread);
		}
		planted_threads[i] = thread;
	}
	return 0;
}

static int __init planted_init(void)
{
	if (!strcmp(fault, "use-after-free"))
		return planted_use_after_free();
	if (!strcmp(fault, "lock-inversion"))
		return planted_lock_inversion();
	if (!strcmp(fault, "race"))
		return planted_race();
	return -EINVAL;
}

static void __exit planted_exit(void)
{
	planted_stop();
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("faults, for the test of the tests");
MODULE_LICENSE("GPL");
