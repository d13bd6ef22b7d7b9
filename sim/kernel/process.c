/* process.c - see process.h. */
#include "sim/kernel/process.h"
#include "sim/abi/probe.h"
#include "sim/kernel/console.h"
#include "sim/kernel/cpio.h"
#include "sim/kernel/cpu.h"
#include "sim/kernel/desc.h"
#include "sim/kernel/elf_load.h"
#include "sim/kernel/kmalloc.h"
#include "sim/kernel/ksched.h"
#include "sim/kernel/kthread.h"
#include "sim/kernel/lib/string.h"
#include "sim/kernel/mm.h"
#include "sim/kernel/page_alloc.h"
#include "sim/kernel/percpu.h"
#include "sim/kernel/sched.h"
#include "sim/kernel/smp.h"
#include "sim/kernel/syscall.h"
#include "sim/kernel/time.h"
#include "sim/kernel/trap.h"
#include "sim/kernel/x86.h"

#define PROCINFO_ORDER 2
#define MAX_ARGS       64
#define RFLAGS_USER    (RFLAGS_IF | BIT(1))
_Static_assert(sizeof(struct procinfo) <= PGSIZE << PROCINFO_ORDER, "procinfo's pages");

static spinlock_t pid_lock = SPINLOCK_INIT;
static struct proc *pids[PID_MAX];
static int last_pid;

static bool transition_ok(uint32_t from, uint32_t to)
{
	switch (from) {
	case PROC_CREATED:
		return to & (PROC_RUNNABLE_S | PROC_DYING);
	case PROC_RUNNABLE_S:
		return to & (PROC_RUNNING_S | PROC_RUNNABLE_M | PROC_WAITING | PROC_DYING);
	case PROC_RUNNING_S:
		return to & (PROC_RUNNABLE_S | PROC_RUNNABLE_M | PROC_WAITING | PROC_DYING);
	case PROC_WAITING:
		return to & (PROC_RUNNABLE_S | PROC_RUNNING_S | PROC_RUNNABLE_M | PROC_DYING);
	case PROC_RUNNABLE_M:
		return to & (PROC_RUNNING_M | PROC_DYING);
	case PROC_RUNNING_M:
		return to & (PROC_RUNNABLE_S | PROC_RUNNABLE_M | PROC_WAITING | PROC_DYING);
	case PROC_DYING:
		return to == PROC_DYING_ABORT;
	default:
		return false;
	}
}

void proc_set_state(struct proc *p, enum proc_state next)
{
	uint32_t old = p->state;

	if (!transition_ok(old, next))
		panic("process %d: state %x to %x", p->pid, old, next);
	p->state = next;
	PROBE(proc_state, p->pid, old, next);
}

/* Reserves a pid; 0 when there is none. Pids are not reused until all have been. */
static int pid_alloc(struct proc *p)
{
	int pid = 0;

	spin_lock(&pid_lock);
	for (int i = 1; i < PID_MAX && pid == 0; i++) {
		int candidate = (last_pid + i - 1) % (PID_MAX - 1) + 1;

		if (pids[candidate] == NULL)
			pid = candidate;
	}
	if (pid != 0) {
		pids[pid] = p;
		last_pid = pid;
	}
	spin_unlock(&pid_lock);
	return pid;
}

struct proc *pid2proc(int pid)
{
	struct proc *p;

	if (pid <= 0 || pid >= PID_MAX)
		return NULL;
	spin_lock(&pid_lock);
	p = pids[pid];
	/* its last reference may have gone already; then its release waits for our lock */
	if (p != NULL && !kref_get_not_zero(&p->kref))
		p = NULL;
	spin_unlock(&pid_lock);
	return p;
}

void proc_incref(struct proc *p)
{
	kref_get(&p->kref);
}

void proc_decref(struct proc *p)
{
	kref_put(&p->kref);
}

static unsigned procdata_order(const struct proc *p)
{
	size_t size = sizeof(struct procdata) -
		      (ABI_MAX_NUM_CORES - p->procinfo->max_vcores) * sizeof(struct preempt_data);
	unsigned order = 0;

	while (size > (size_t)PGSIZE << order)
		order++;
	return order;
}

static void proc_release(struct kref *k)
{
	struct proc *p = container_of(k, struct proc, kref);

	spin_lock(&pid_lock);
	pids[p->pid] = NULL;
	spin_unlock(&pid_lock);
	mm_free_all(p);
	pgdir_free(p->pgdir);
	kpages_free(p->procdata, procdata_order(p));
	kpages_free(p->procinfo, PROCINFO_ORDER);
	PROBE(proc_freed, p->pid);
	kfree(p);
}

static void map_shared_pages(struct proc *p)
{
	p->procinfo = kpages_zalloc(PROCINFO_ORDER);
	p->procinfo->max_vcores = num_cores > 1 ? num_cores - 1 : 1;
	p->procinfo->tsc_freq = tsc_freq;
	p->procdata = kpages_zalloc(procdata_order(p));
	map_range(p->pgdir, UINFO, PADDR(p->procinfo), PGSIZE << PROCINFO_ORDER, PTE_U | PTE_NX, 1);
	map_range(p->pgdir, UDATA, PADDR(p->procdata), PGSIZE << procdata_order(p),
		PTE_U | PTE_W | PTE_NX, 1);
}

static struct proc *proc_alloc(void)
{
	struct proc *p = kzalloc(sizeof(*p));

	kref_init(&p->kref, proc_release, 1);
	p->state = PROC_CREATED;
	list_init(&p->vmrs);
	sem_init(&p->unmap_sem, 1);
	list_init(&p->sched_link);
	list_init(&p->mcp_link);
	list_init(&p->children);
	list_init(&p->sibling);
	fpu_init_state(&p->scp_anc);
	p->pid = pid_alloc(p);
	if (p->pid == 0) {
		kfree(p);
		return NULL;
	}
	p->pgdir = pgdir_alloc();
	map_shared_pages(p);
	p->procinfo->pid = p->pid;
	vcore_lists_init(&p->vcores, p->procinfo->max_vcores);
	vcpd_set(vcpd_of(p->procdata, 0), VC_SCP_NOVCCTX);
	return p;
}

/* The initial stack as the System V ABI has it: argc, argv, 0, no environment, 0; the strings above
 * it. Everything has to fit into the top page. Returns the stack pointer, or 0.
 */
static uint64_t build_stack(struct proc *p, const char *args, size_t args_len)
{
	uint64_t strings = ROUNDDOWN(USTACKTOP - args_len, 16), rsp;
	uint64_t words[MAX_ARGS + 4] = {0};
	size_t argc = 0, n;

	for (size_t i = 0; i < args_len; i += strlen(args + i) + 1) {
		if (argc == MAX_ARGS)
			return 0;
		words[1 + argc++] = strings + i;
	}
	words[0] = argc;
	n = argc + 4; /* argc, argv's end, the environment's end, one to spare */
	rsp = ROUNDDOWN(strings - n * 8, 16);
	if (rsp < USTACKTOP - PGSIZE)
		return 0;
	mm_poke(p, strings, args, args_len);
	mm_poke(p, rsp, words, n * 8);
	return rsp;
}

static int load_program(struct proc *p, const char *program, const char *args, size_t args_len)
{
	struct elf_program elf;
	struct cpio_file file;
	uint64_t stack, rsp;
	int err;

	if (args_len == 0 || args_len > PGSIZE / 2 || args[args_len - 1] != 0)
		return EINVAL;
	if (!initrd_find(program, &file))
		return ENOENT;
	err = elf_load(p, file.data, file.size, &elf);
	if (err == 0)
		err = mm_map(p, USTACKTOP - USTACKSIZE, USTACKSIZE, PROT_READ | PROT_WRITE, &stack);
	if (err != 0)
		return err;
	rsp = build_stack(p, args, args_len);
	if (rsp == 0)
		return E2BIG;
	strlcpy(p->progname, args, sizeof(p->progname));
	p->procinfo->program_end = elf.end;
	p->scp_ctx.type = ROS_HW_CTX;
	p->scp_ctx.hw_tf = (struct hw_trapframe){
		.rip = elf.entry, .rsp = rsp, .cs = GD_UT, .ss = GD_UD, .rflags = RFLAGS_USER};
	return 0;
}

int proc_create(const char *program, const char *args, size_t args_len, struct proc *parent,
	struct proc **pp)
{
	struct proc *p = proc_alloc();
	int err;

	if (p == NULL)
		return ENOMEM;
	err = load_program(p, program, args, args_len);
	if (err != 0) {
		proc_decref(p);
		return err;
	}
	family_add(parent, p);
	PROBE(proc_created, p->pid, p->progname, PADDR(p->pgdir));
	*pp = p;
	return 0;
}

/* proc_lock held. An SCP's only vcore. */
static void map_vcore0(struct proc *p, uint32_t pcoreid)
{
	proc_seq_start(p);
	vcore_map(p, 0, pcoreid);
	proc_seq_end(p);
}

static void unmap_vcore0(struct proc *p)
{
	proc_seq_start(p);
	vcore_unmap(p, 0, &p->vcores.inactive);
	proc_seq_end(p);
}

/* An SCP goes to the scheduler's list; an MCP has always been on ksched's. */
static bool make_runnable(struct proc *p, enum proc_state from)
{
	bool was, mcp;

	spin_lock(&p->proc_lock);
	was = p->state == from;
	mcp = p->procinfo->is_mcp; /* under the lock: it may just be changing */
	if (was)
		proc_set_state(p, mcp ? PROC_RUNNABLE_M : PROC_RUNNABLE_S);
	spin_unlock(&p->proc_lock);
	if (was && mcp)
		ksched_poke();
	else if (was)
		sched_scp_runnable(p);
	return was;
}

bool proc_run(struct proc *p)
{
	return make_runnable(p, PROC_CREATED);
}

void proc_wakeup(struct proc *p)
{
	make_runnable(p, PROC_WAITING);
}

void core_own(struct proc *p, uint32_t vcoreid)
{
	struct per_cpu_info *pcpui = this_pcpui();

	assert(pcpui->owning_proc == NULL);
	proc_incref(p);
	pcpui->owning_proc = p;
	pcpui->owning_vcoreid = vcoreid;
	pcpui->cur_ctx = NULL; /* until somebody has made one in actual_ctx */
}

struct proc *core_leave(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct proc *p = pcpui->owning_proc;

	PROBE(vcore_leave, p->pid, pcpui->owning_vcoreid);
	pcpui->owning_proc = NULL;
	pcpui->cur_ctx = NULL;
	pcpui->nr_syscs = 0;
	return p;
}

void core_disown(void)
{
	proc_decref(core_leave());
}

bool proc_run_s(struct proc *p)
{
	struct per_cpu_info *pcpui = this_pcpui();
	bool runnable;

	spin_lock(&p->proc_lock);
	runnable = p->state == PROC_RUNNABLE_S;
	if (runnable) {
		proc_set_state(p, PROC_RUNNING_S);
		map_vcore0(p, pcpui->core_id);
		PROBE(ctx_restored, p->pid, 0, &p->scp_ctx, sizeof(p->scp_ctx));
		pcpui->actual_ctx = p->scp_ctx;
		pcpui->syscs = p->scp_syscs;
		pcpui->nr_syscs = p->scp_nr_syscs;
		fpu_restore(&p->scp_anc);
	}
	spin_unlock(&p->proc_lock);
	/* should p be destroyed from here on, the __death message finds it as our owner */
	if (!runnable)
		return false;
	core_own(p, 0);
	pcpui->cur_ctx = &pcpui->actual_ctx;
	PROBE(vcore_enter, p->pid, 0, 0);
	return true;
}

/* proc_lock held. The state has changed from RUNNING_S: leave everything in p. */
static void save_scp(struct proc *p, struct per_cpu_info *pcpui)
{
	vcore_save_ctx(p, 0, &p->scp_ctx);
	p->scp_syscs = pcpui->syscs;
	p->scp_nr_syscs = pcpui->nr_syscs;
	fpu_save(&p->scp_anc);
	unmap_vcore0(p);
}

void proc_preempt_scp(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct proc *p = pcpui->owning_proc;
	bool running;

	spin_lock(&p->proc_lock);
	running = p->state == PROC_RUNNING_S; /* else a __death is on its way here */
	if (running) {
		proc_set_state(p, PROC_RUNNABLE_S);
		save_scp(p, pcpui);
	}
	spin_unlock(&p->proc_lock);
	if (!running)
		return;
	sched_scp_runnable(p);
	core_disown();
}

/* The owner's system calls are not all done: it waits, and whoever finishes the last one wakes it.
 * Returns false if that has happened meanwhile and the process can go on.
 */
static bool scp_wait(struct per_cpu_info *pcpui)
{
	struct proc *p = pcpui->owning_proc;

	spin_lock(&p->proc_lock);
	if (p->state != PROC_RUNNING_S) {
		spin_unlock(&p->proc_lock);
		return true; /* a __death is in our queue */
	}
	proc_set_state(p, PROC_WAITING);
	/* The finisher counts down first and looks at the state then; we the other way round. So
	 * one of the two sees the other, provided that our store is out before our load.
	 */
	wrmb();
	if (atomic_read(&p->nr_pending_syscs) == 0) {
		proc_set_state(p, PROC_RUNNING_S);
		spin_unlock(&p->proc_lock);
		return false;
	}
	save_scp(p, pcpui);
	spin_unlock(&p->proc_lock);
	core_disown();
	return true;
}

/* proc_lock held. Whatever the state is, all cores that p has lose it; the MCP's among them come
 * back in freed[]. Returns how many.
 */
static uint32_t take_cores(struct proc *p, uint32_t *freed)
{
	uint32_t vcoreid, n = 0;

	proc_seq_start(p);
	while ((vcoreid = vcore_first(&p->vcores, &p->vcores.online)) != NO_VCORE) {
		uint32_t pcoreid = p->procinfo->vcoremap[vcoreid].pcoreid;

		send_death(p, pcoreid);
		vcore_unmap(p, vcoreid, &p->vcores.inactive);
		if (p->procinfo->is_mcp)
			freed[n++] = pcoreid;
	}
	proc_seq_end(p);
	return n;
}

void proc_destroy(struct proc *p, int exit_code)
{
	uint32_t freed[MAX_NUM_CORES], n;

	spin_lock(&p->proc_lock);
	if (p->state & (PROC_DYING | PROC_DYING_ABORT)) {
		spin_unlock(&p->proc_lock);
		return;
	}
	n = take_cores(p, freed);
	proc_set_state(p, PROC_DYING);
	p->exit_code = exit_code;
	/* Akaros closes files in between, and aborts the process's sleepers afterwards. Here no
	 * call can be aborted: a sleeper ends, and lets go of the process, when what it waits for
	 * happens.
	 */
	proc_set_state(p, PROC_DYING_ABORT);
	spin_unlock(&p->proc_lock);
	PROBE(proc_ended, p->pid, exit_code);
	sched_forget(p);
	ksched_forget(p);
	ksched_cores_idle(freed, n);
	family_end(p);
}

/* The old one's reference goes last: until CR3 and cur_proc are others, it is in use. */
static void set_cur_proc(struct proc *p)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct proc *old = pcpui->cur_proc;

	pcpui->cur_proc = p;
	lcr3(PADDR(p == NULL ? boot_pgdir : p->pgdir));
	PROBE(addr_space_loaded, p == NULL ? 0 : p->pid);
	if (old != NULL)
		proc_decref(old);
}

void proc_switch_addr_space(struct proc *p)
{
	if (this_pcpui()->cur_proc == p)
		return;
	proc_incref(p);
	set_cur_proc(p);
}

struct proc *proc_switch_to(struct proc *p)
{
	struct proc *before = this_pcpui()->cur_proc;

	if (before != NULL)
		proc_incref(before);
	proc_switch_addr_space(p);
	return before;
}

void proc_switch_back(struct proc *before)
{
	if (before == NULL) {
		set_cur_proc(NULL);
		return;
	}
	proc_switch_addr_space(before);
	proc_decref(before);
}

/* Returns whether there was something to leave. */
static bool abandon_core(void)
{
	if (this_pcpui()->cur_proc == NULL)
		return false;
	set_cur_proc(NULL);
	return true;
}

static _Noreturn void pop_ctx(struct per_cpu_info *pcpui)
{
	const struct user_context *ctx = pcpui->cur_ctx;

	pcpui->state = CORE_USER;
	if (ctx->type == ROS_SW_CTX) {
		wrmsr(MSR_FS_BASE, ctx->sw_tf.fsbase);
		wrmsr(MSR_KERNEL_GS_BASE, ctx->sw_tf.gsbase);
		pop_sw_tf(&ctx->sw_tf);
	}
	wrmsr(MSR_FS_BASE, ctx->hw_tf.fsbase);
	wrmsr(MSR_KERNEL_GS_BASE, ctx->hw_tf.gsbase);
	pop_hw_tf(&ctx->hw_tf);
}

bool try_run_proc(void)
{
	struct per_cpu_info *pcpui = this_pcpui();
	struct proc *p = pcpui->owning_proc;

	if (p == NULL)
		return abandon_core();
	proc_switch_addr_space(p);
	if (pcpui->nr_syscs > 0) {
		irq_enable();
		run_next_syscall();
		smp_idle();
	}
	if (!p->procinfo->is_mcp && atomic_read(&p->nr_pending_syscs) > 0 && scp_wait(pcpui))
		return true;
	pop_ctx(pcpui);
}
