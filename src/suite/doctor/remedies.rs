//! How to turn on what is missing.

use super::kernel::Kernel;

/// A way to turn something on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What is in the way, or when this helps.
    pub why: String,
    /// The commands, to be typed as they are (as root, where they begin with `sysctl`).
    pub commands: Vec<String>,
}

impl Remedy {
    pub(super) fn new<const N: usize>(why: impl Into<String>, commands: [&str; N]) -> Self {
        Self { why: why.into(), commands: commands.into_iter().map(str::to_owned).collect() }
    }
}

/// How many namespaces a limit that is too low should allow: far more than a run ever has at once.
const NAMESPACES: u32 = 10_000;

/// For network namespaces.
pub(super) fn of_namespaces(kernel: &Kernel) -> Vec<Remedy> {
    if !kernel.has_net_namespaces {
        return vec![Remedy::new("this kernel has no network namespaces: take one with CONFIG_NET_NS", [])];
    }
    let mut remedies = Vec::new();
    if !kernel.is_privileged {
        remedies.extend(of_user_namespaces(kernel));
    }
    if kernel.max_net_namespaces == Some(0) {
        remedies.push(limit("user.max_net_namespaces"));
    }
    if kernel.is_filtered {
        remedies.push(container());
    }
    if remedies.is_empty() {
        remedies.push(Remedy::new("nothing that can be read in /proc forbids it; root may", ["sudo sockspec doctor"]));
    }
    remedies
}

fn of_user_namespaces(kernel: &Kernel) -> Vec<Remedy> {
    if !kernel.has_user_namespaces {
        let why = "this kernel has no user namespaces (CONFIG_USER_NS), so only root may";
        return vec![Remedy::new(why, ["sudo sockspec run"])];
    }
    let mut remedies = Vec::new();
    if kernel.unprivileged_userns_clone == Some(0) {
        let why = "ordinary users may not create user namespaces";
        remedies.push(Remedy::new(why, ["sysctl -w kernel.unprivileged_userns_clone=1"]));
    }
    if kernel.apparmor_restrict_unprivileged_userns == Some(1) {
        let why = "AppArmor takes the rights in them from ordinary users";
        remedies.push(Remedy::new(why, ["sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"]));
    }
    if kernel.max_user_namespaces == Some(0) {
        remedies.push(limit("user.max_user_namespaces"));
    }
    remedies
}

fn limit(setting: &str) -> Remedy {
    Remedy::new(format!("{setting} is 0"), [&format!("sysctl -w {setting}={NAMESPACES}")])
}

/// Docker's and Podman's default profiles refuse unshare(2) to all without CAP_SYS_ADMIN.
fn container() -> Remedy {
    let why = "a container or sandbox filters system calls (seccomp); for Docker and Podman, one of";
    Remedy::new(
        why,
        ["docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN …", "docker run --security-opt seccomp=unconfined …"],
    )
}

/// For the capture of frames.
pub(super) fn of_capture(kernel: &Kernel) -> Vec<Remedy> {
    let mut remedies = vec![Remedy::new("packet sockets may be a module of the kernel", ["modprobe af_packet"])];
    if kernel.is_filtered {
        let why = "a container may have lost the right to them";
        remedies.push(Remedy::new(why, ["docker run --cap-add NET_RAW --cap-add NET_ADMIN …"]));
    }
    remedies
}

/// For hosts.
pub(super) fn of_hosts() -> Vec<Remedy> {
    vec![Remedy::new("virtual Ethernet may be a module of the kernel", ["modprobe veth"])]
}

/// For IPv6.
pub(super) fn of_ipv6(kernel: &Kernel) -> Vec<Remedy> {
    match kernel.lo_disable_ipv6 {
        None => vec![Remedy::new(
            "the kernel runs without IPv6: load the module, or take `ipv6.disable=1` from its command line",
            ["modprobe ipv6"],
        )],
        Some(0) => vec![Remedy::new(
            "the loopback device is down, or has lost its address",
            ["ip link set lo up", "ip address add ::1/128 dev lo"],
        )],
        Some(_) => vec![
            Remedy::new(
                "it is switched off",
                ["sysctl -w net.ipv6.conf.all.disable_ipv6=0", "sysctl -w net.ipv6.conf.lo.disable_ipv6=0"],
            ),
            Remedy::new("in a container", ["docker run --sysctl net.ipv6.conf.all.disable_ipv6=0 …"]),
        ],
    }
}

/// For multicast.
pub(super) fn of_multicast() -> Vec<Remedy> {
    vec![
        Remedy::new("the loopback device must be up", ["ip link set lo up"]),
        Remedy::new("a firewall must let 239.0.0.0/8 pass on it", ["nft list ruleset"]),
    ]
}

/// For descriptors.
pub(super) fn of_open_files(hard: Option<u64>, wanted: u64) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    if hard.is_some_and(|hard| hard < wanted) {
        let line = format!("prlimit --nofile={wanted}:{wanted} --pid $$");
        remedies.push(Remedy::new("the hard limit is as low; as root, for the shell that this is typed in", [&line]));
        let docker = format!("docker run --ulimit nofile={wanted} …");
        remedies.push(Remedy::new("in a container", [&docker]));
    } else {
        remedies.push(Remedy::new("in the shell that starts sockspec", [&format!("ulimit -n {wanted}")]));
    }
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Kernel = Kernel {
        has_user_namespaces: true,
        has_net_namespaces: true,
        max_user_namespaces: Some(15_000),
        max_net_namespaces: Some(15_000),
        unprivileged_userns_clone: Some(1),
        apparmor_restrict_unprivileged_userns: Some(0),
        lo_disable_ipv6: Some(0),
        is_filtered: false,
        is_privileged: false,
    };

    fn commands(remedies: &[Remedy]) -> Vec<&str> {
        remedies.iter().flat_map(|remedy| &remedy.commands).map(String::as_str).collect()
    }

    #[test]
    fn each_setting_that_forbids_namespaces_has_its_command() {
        let for_kernel = |kernel: &Kernel| commands(&of_namespaces(kernel)).join("; ");
        let clone = Kernel { unprivileged_userns_clone: Some(0), ..OPEN };
        assert_eq!(for_kernel(&clone), "sysctl -w kernel.unprivileged_userns_clone=1");
        let apparmor = Kernel { apparmor_restrict_unprivileged_userns: Some(1), ..OPEN };
        assert_eq!(for_kernel(&apparmor), "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
        let users = Kernel { max_user_namespaces: Some(0), ..OPEN };
        assert_eq!(for_kernel(&users), "sysctl -w user.max_user_namespaces=10000");
        let nets = Kernel { max_net_namespaces: Some(0), ..OPEN };
        assert_eq!(for_kernel(&nets), "sysctl -w user.max_net_namespaces=10000");
        let filtered = Kernel { is_filtered: true, ..OPEN };
        assert!(for_kernel(&filtered).contains("--cap-add SYS_ADMIN --cap-add NET_ADMIN"));
        assert_eq!(for_kernel(&OPEN), "sudo sockspec doctor");
        assert_eq!(for_kernel(&Kernel { has_user_namespaces: false, ..OPEN }), "sudo sockspec run");
        assert_eq!(for_kernel(&Kernel { has_net_namespaces: false, ..OPEN }), "");
    }

    #[test]
    fn who_has_the_right_needs_no_user_namespace() {
        let root = Kernel { is_privileged: true, max_user_namespaces: Some(0), max_net_namespaces: Some(0), ..OPEN };
        assert_eq!(commands(&of_namespaces(&root)), ["sysctl -w user.max_net_namespaces=10000"]);
    }

    #[test]
    fn ipv6_is_off_for_one_of_three_reasons() {
        let lacking = |lo_disable_ipv6| commands(&of_ipv6(&Kernel { lo_disable_ipv6, ..OPEN })).join("; ");
        assert!(lacking(None).contains("modprobe ipv6"));
        assert!(lacking(Some(1)).contains("sysctl -w net.ipv6.conf.lo.disable_ipv6=0"));
        assert!(lacking(Some(0)).contains("::1/128"));
    }

    #[test]
    fn a_soft_limit_is_raised_by_anybody() {
        assert_eq!(commands(&of_open_files(Some(4096), 1024)), ["ulimit -n 1024"]);
        assert_eq!(commands(&of_open_files(None, 1024)), ["ulimit -n 1024"]);
        assert!(commands(&of_open_files(Some(512), 1024))[0].starts_with("prlimit --nofile=1024:1024"));
    }
}
