//! The packages of Debian and Ubuntu that programs come in, where they are called otherwise than the
//! program, or are likely to be asked for.

/// A program and its package, in the order of the alphabet.
const PACKAGES: &[(&str, &str)] = &[
    ("apache2", "apache2"),
    ("beanstalkd", "beanstalkd"),
    ("busybox", "busybox-static"),
    ("chronyd", "chrony"),
    ("curl", "curl"),
    ("dig", "bind9-dnsutils"),
    ("dnsmasq", "dnsmasq-base"),
    ("dovecot", "dovecot-core"),
    ("exim4", "exim4-daemon-light"),
    ("faketime", "faketime"),
    ("ftp", "tnftp"),
    // It serves nothing without one of its file systems.
    ("ganesha.nfsd", "nfs-ganesha nfs-ganesha-mem"),
    ("gdb", "gdb"),
    ("gophernicus", "gophernicus"),
    ("haproxy", "haproxy"),
    ("in.tftpd", "tftpd-hpa"),
    ("inetutils-inetd", "inetutils-inetd"),
    ("ip", "iproute2"),
    ("iperf3", "iperf3"),
    ("ldapsearch", "ldap-utils"),
    ("lighttpd", "lighttpd"),
    ("memcached", "memcached"),
    ("mosquitto", "mosquitto"),
    ("mosquitto_pub", "mosquitto-clients"),
    ("mosquitto_sub", "mosquitto-clients"),
    ("mysqld", "mariadb-server"),
    ("named", "bind9"),
    ("nc", "netcat-openbsd"),
    ("ncat", "ncat"),
    ("nft", "nftables"),
    ("nginx", "nginx-light"),
    ("ngircd", "ngircd"),
    ("node", "nodejs"),
    ("nsd", "nsd"),
    ("openssl", "openssl"),
    ("perl", "perl-base"),
    ("ping", "iputils-ping"),
    ("postgres", "postgresql"),
    ("psql", "postgresql-client"),
    ("pure-ftpd", "pure-ftpd"),
    ("python3", "python3-minimal"),
    ("redis-cli", "redis-tools"),
    ("redis-server", "redis-server"),
    ("rpcbind", "rpcbind"),
    ("rsync", "rsync"),
    ("slapd", "slapd"),
    ("smtpd", "opensmtpd"),
    ("snmpd", "snmpd"),
    ("snmpget", "snmp"),
    ("socat", "socat"),
    ("squid", "squid"),
    ("ss", "iproute2"),
    ("ssh", "openssh-client"),
    ("sshd", "openssh-server"),
    ("strace", "strace"),
    ("stunnel4", "stunnel4"),
    ("swaks", "swaks"),
    ("telnet", "inetutils-telnet"),
    ("telnetd", "inetutils-telnetd"),
    ("tftp", "tftp-hpa"),
    ("tshark", "tshark"),
    ("unbound", "unbound"),
    ("unshare", "util-linux"),
    ("varnishd", "varnish"),
    ("vsftpd", "vsftpd"),
    ("wget", "wget"),
    ("xinetd", "xinetd"),
];

/// The package of a program, where it is known.
pub(in crate::suite) fn of(program: &str) -> Option<&'static str> {
    let at = PACKAGES.binary_search_by_key(&program, |(program, _)| program).ok()?;
    Some(PACKAGES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_their_order() {
        assert!(PACKAGES.is_sorted_by(|one, other| one.0 < other.0));
        assert!(PACKAGES.iter().all(|(program, package)| of(program) == Some(package)));
        assert_eq!(of("no-such-program"), None);
    }
}
