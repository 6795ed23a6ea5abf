//! What the kernel is set to, as far as it decides whether specs can have networks of their own.

use std::fs;
use std::path::Path;

/// CAP_SYS_ADMIN, capabilities(7).
const SYS_ADMIN: u32 = 21;

/// The settings. `None` where this kernel has no such setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Kernel {
    /// Whether it has user namespaces (CONFIG_USER_NS).
    pub has_user_namespaces: bool,
    /// Whether it has network namespaces (CONFIG_NET_NS).
    pub has_net_namespaces: bool,
    /// `user.max_user_namespaces`
    pub max_user_namespaces: Option<u64>,
    /// `user.max_net_namespaces`
    pub max_net_namespaces: Option<u64>,
    /// `kernel.unprivileged_userns_clone`, of Debian's and Arch's kernels.
    pub unprivileged_userns_clone: Option<u64>,
    /// `kernel.apparmor_restrict_unprivileged_userns`, of Ubuntu's.
    pub apparmor_restrict_unprivileged_userns: Option<u64>,
    /// `net.ipv6.conf.lo.disable_ipv6`
    pub lo_disable_ipv6: Option<u64>,
    /// Whether a seccomp filter judges the system calls of this process, as in containers.
    pub is_filtered: bool,
    /// Whether this process has CAP_SYS_ADMIN.
    pub is_privileged: bool,
}

impl Kernel {
    /// Reads the settings; `proc` is where proc(5) is mounted.
    pub fn read(proc: &Path) -> Self {
        let status = fs::read_to_string(proc.join("self/status")).unwrap_or_default();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let setting = |name: &str| fs::read_to_string(proc.join("sys").join(name)).ok()?.trim().parse().ok();
        let capabilities = field("CapEff:").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        Self {
            has_user_namespaces: proc.join("self/ns/user").exists(),
            has_net_namespaces: proc.join("self/ns/net").exists(),
            max_user_namespaces: setting("user/max_user_namespaces"),
            max_net_namespaces: setting("user/max_net_namespaces"),
            unprivileged_userns_clone: setting("kernel/unprivileged_userns_clone"),
            apparmor_restrict_unprivileged_userns: setting("kernel/apparmor_restrict_unprivileged_userns"),
            lo_disable_ipv6: setting("net/ipv6/conf/lo/disable_ipv6"),
            is_filtered: field("Seccomp:") == Some("2"),
            is_privileged: capabilities.is_some_and(|all| all & (1 << SYS_ADMIN) != 0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn settings_are_read_where_there_are_any() {
        let proc = tempfile::tempdir().unwrap();
        assert_eq!(Kernel::read(proc.path()), Kernel::default());
        let write = |name: &str, text: &str| {
            let path = proc.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("self/status", "Name:\tx\nCapEff:\t0000000000200000\nSeccomp:\t2\nSeccomp_filters:\t1\n");
        write("self/ns/user", "");
        write("sys/user/max_user_namespaces", "0\n");
        write("sys/kernel/unprivileged_userns_clone", "1\n");
        let kernel = Kernel {
            has_user_namespaces: true,
            max_user_namespaces: Some(0),
            unprivileged_userns_clone: Some(1),
            is_filtered: true,
            is_privileged: true,
            ..Kernel::default()
        };
        assert_eq!(Kernel::read(proc.path()), kernel);
        write("self/status", "CapEff:\tffffffffffdfffff\nSeccomp:\t0\n");
        assert_eq!(Kernel::read(proc.path()), Kernel { is_filtered: false, is_privileged: false, ..kernel });
    }
}
