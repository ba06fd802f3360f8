//! What a piece of work costs: CPU seconds and resident memory, as the kernel counts them.
//!
//! Wall time says little on a shared machine, so it is nowhere a measure here.

use std::{
    fs,
    path::Path,
    process::{Child, Command, ExitStatus},
    thread,
    time::Duration,
};

/// The unit of times in `/proc/*/stat`; Linux shows programs hundredths on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// CPU seconds of the calling thread.
pub fn of_thread() -> f64 {
    of_task(Path::new("/proc/thread-self"))
}

/// CPU seconds of the thread of this process that has that name; 0 if there is none.
pub fn of_thread_named(name: &str) -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("a process has threads");
    let tasks = tasks.flatten().map(|task| task.path());
    tasks
        .filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name))
        .map(|task| of_task(&task))
        .sum()
}

/// CPU seconds of all threads of this process.
pub fn of_process() -> f64 {
    let times = times("/proc/self/stat");
    (times[0] + times[1]) * TICK.as_secs_f64()
}

/// CPU seconds of the processes that this one started and waited for.
pub fn of_children() -> f64 {
    let times = times("/proc/self/stat");
    (times[2] + times[3]) * TICK.as_secs_f64()
}

fn of_task(task: &Path) -> f64 {
    // Nanoseconds where the kernel keeps them.
    if let Ok(text) = fs::read_to_string(task.join("schedstat")) {
        let ran: f64 = text.split(' ').next().unwrap_or("0").parse().unwrap_or(0.0);
        return ran / 1e9;
    }
    let times = times(task.join("stat"));
    (times[0] + times[1]) * TICK.as_secs_f64()
}

/// User, system, waited-for user and waited-for system time, in ticks.
fn times(path: impl AsRef<Path>) -> Vec<f64> {
    let text = fs::read_to_string(path).expect("a process can read its own times");
    let (_, rest) = text
        .rsplit_once(')')
        .expect("the name ends in a parenthesis");
    let fields = rest.split_whitespace().skip(11).take(4);
    fields
        .map(|field| field.parse().expect("a time is a number"))
        .collect()
}

/// What a program of its own cost.
pub struct Cost {
    /// CPU seconds.
    pub cpu: f64,
    /// The largest resident size, in MB.
    pub peak: f64,
    /// How it ended.
    pub status: ExitStatus,
}

/// Runs a program to its end. One at a time, or their CPU seconds are mixed.
pub fn run(command: &mut Command) -> Cost {
    let before = of_children();
    let mut child = command.spawn().expect("the program starts");
    let mut peak = 0.0_f64;
    let status = loop {
        // The kernel keeps the highest size, so looking now and then misses little of it.
        peak = peak.max(peak_of(&child));
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    Cost {
        cpu: of_children() - before,
        peak,
        status,
    }
}

/// The largest resident size so far of a process that runs, in MB.
pub fn peak_of(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
