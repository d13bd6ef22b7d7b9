"""The machines that the benchmarks compare: how each runs an image, and where its serial line is.

run() starts a machine and hands over what its serial line says as it comes, with the time by the
clock of the host. run_image() does so with bench/image, and says when each phase began and ended;
what a machine does before the first phase does not count.
"""
import os
import pathlib
import re
import select
import signal
import subprocess
import time

PHASES = ["integer", "memory", "sse2", "x87", "privileged"]
MEMORY_MIB = 128
SECONDS_MAX = 3600

# No display to wait for, no pace to keep: as fast as it can. `ips` only says how many
# instructions make a second of simulated time, in which the BIOS waits for things; 32 is the
# largest quantum, and the fastest. Debian builds Bochs with its debugger, which must be told to
# go on (-rc).
BOCHSRC = """\
display_library: rfb, options="timeout=0"
config_interface: textconfig
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_sandy_bridge_2600k, count={cpus}, quantum=32, ips=20000000
memory: guest={memory}, host={memory}
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
clock: sync=none, time0=1
com1: enabled=1, mode=file, dev={serial}
log: {log}
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
sound: waveoutdrv=dummy
"""

GRUB_CFG = """\
set timeout=0
multiboot /boot/image.elf {append}
boot
"""


class Failure(Exception):
    """A machine did not run the image to its end."""


def ringv(config, cpus, append):
    return [config.ringv, "boot", config.image, "--cpus", str(cpus), "--append", append,
            "--memory", str(MEMORY_MIB), "--serial", config.serial]


def qemu(config, cpus, append):
    return ["qemu-system-x86_64", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-smp",
            str(cpus), "-m", str(MEMORY_MIB), "-display", "none", "-monitor", "none", "-serial",
            f"file:{config.serial}", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel",
            config.image, "-append", append]


def make_iso(iso, grub_cfg, files):
    """A disc that GRUB boots, with files (name -> path) in /boot; made once."""
    newest = max(pathlib.Path(path).stat().st_mtime for path in files.values())
    if iso.exists() and iso.stat().st_mtime > newest:
        return
    folder = iso.with_suffix("")
    (folder / "boot/grub").mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        (folder / "boot" / name).write_bytes(pathlib.Path(path).read_bytes())
    (folder / "boot/grub/grub.cfg").write_text(grub_cfg)
    subprocess.run(["grub-mkrescue", "-o", iso, folder], capture_output=True, check=True)


def bochs_with(config, cpus, memory, iso):
    work = pathlib.Path(config.work)
    rc = work / "bochsrc"
    commands = work / "bochs.commands"
    rc.write_text(BOCHSRC.format(cpus=cpus, memory=memory, iso=iso, serial=config.serial,
                                 log=work / "bochs.log"))
    commands.write_text("continue\n")
    return ["bochs", "-q", "-f", rc, "-rc", commands]


def grub_iso(config, append):
    """A disc that boots config.image with these options."""
    iso = (pathlib.Path(config.work) / re.sub(r"\W+", "-", append)).with_suffix(".iso")
    make_iso(iso, GRUB_CFG.format(append=append), {"image.elf": config.image})
    return iso


def bochs(config, cpus, append):
    return bochs_with(config, cpus, MEMORY_MIB, grub_iso(config, append))


MACHINES = {"ringv": ringv, "bochs": bochs, "qemu": qemu}


class PhaseLog:
    """Reads lines of the image; keeps seconds, checksum and ticks of each phase."""

    def __init__(self, wanted):
        self.phases = {}
        self.wanted = wanted
        self.text = ""
        self.begun = None

    def done(self):
        return len(self.phases) == self.wanted

    def add(self, data, now):
        self.text += data.decode(errors="replace")
        *lines, self.text = self.text.split("\n")
        for line in lines:
            self.add_line(line.split(), now)

    def add_line(self, words, now):
        if words[:1] != ["phase"]:
            raise Failure(" ".join(words))
        if words[2] == "begin":
            self.begun = now
        elif words[2] == "end":
            self.phases[words[1]] = {"seconds": now - self.begun, "checksum": words[3],
                                     "ticks": int(words[4])}


def follow(process, stream, log):
    """Until the log has all it waits for."""
    deadline = time.monotonic() + SECONDS_MAX
    while not log.done():
        readable, _, _ = select.select([stream], [], [], 0.2)
        now = time.monotonic()
        if readable:
            log.add(os.read(stream, 4096), now)
        elif process.poll() is not None:
            raise Failure(f"ended with {process.returncode} before its last phase")
        elif now > deadline:
            raise Failure(f"took more than {SECONDS_MAX} s")


def open_serial(config):
    """The FIFO that a machine writes its serial line to."""
    pathlib.Path(config.work).mkdir(parents=True, exist_ok=True)
    config.serial = os.path.join(config.work, "serial")
    if not os.path.exists(config.serial):
        os.mkfifo(config.serial)
    # open for writing too: a FIFO whose last writer leaves would be at its end for ever
    return os.open(config.serial, os.O_RDWR)


def run(name, argv, stream, log, output=subprocess.DEVNULL):
    """Runs a machine; output is where its own standard output goes."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                          stderr=subprocess.DEVNULL) as process:
        try:
            follow(process, stream, log)
        except Failure as failure:
            raise Failure(f"{name}: {failure}") from None
        finally:
            finish(process)
            os.close(stream)


def run_image(name, config, cpus, n, phase="all"):
    """Runs the image; a dictionary of phases."""
    log = PhaseLog(len(PHASES) if phase == "all" else 1)
    stream = open_serial(config)
    argv = MACHINES[name](config, cpus, f"cpus={cpus} n={n} phase={phase}")
    run(f"{name}, {cpus} cores", argv, stream, log)
    return log.phases


def finish(process):
    """After the last phase a machine ends by itself, or is ended."""
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
