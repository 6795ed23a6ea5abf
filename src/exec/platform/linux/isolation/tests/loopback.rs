//! A loopback device of one's own.

use std::fmt::Write as _;

use super::{pass, pass_settled};

#[test]
fn ports_are_free_and_privileged_ones_anybodys() {
    for (network, loopback) in [("tcp", "127.0.0.1"), ("tcp6", "[::1]")] {
        pass_settled(
            "isolated",
            &format!(
                "- server: {{listen: \"{network}://{loopback}:80\"}}
- client: {{connect: server}}
- conn: {{accept: server}}
- client: {{send: x}}
- conn: {{recv: x}}"
            ),
        );
    }
}

#[test]
fn the_loopback_device_has_the_addresses_of_the_spec() {
    pass_settled(
        "{addresses: [1.2.3.4, \"2001:db8::1\"]}",
        "- v4: {listen: \"tcp://1.2.3.4:80\"}
- c4: {connect: v4}
- v6: {listen: \"tcp6://[2001:db8::1]:80\"}
- c6: {connect: v6}
- far: {connect: \"tcp://1.2.3.5:80\", fails: ENETUNREACH}",
    );
}

#[test]
fn routes_refuse_as_they_are_declared() {
    let network = "{routes: {192.0.2.0/24: unreachable, 198.51.100.0/24: prohibit, 203.0.113.0/24: blackhole, \
                   \"2001:db8:1::/48\": unreachable, \"2001:db8:2::/48\": prohibit, \"2001:db8:3::/48\": blackhole}}";
    let hosts = [
        ("192.0.2.9", "EHOSTUNREACH"),
        ("198.51.100.9", "EACCES"),
        ("203.0.113.9", "EINVAL"),
        ("8.8.8.8", "ENETUNREACH"),
        ("[2001:db8:1::9]", "EHOSTUNREACH"),
        ("[2001:db8:2::9]", "EACCES"),
        ("[2001:db8:3::9]", "EINVAL"),
        ("[2001:db8:4::9]", "ENETUNREACH"),
    ];
    let mut steps = String::from("- udp: {bind: \"udp://0.0.0.0:0\"}\n- udp6: {bind: \"udp6://[::]:0\"}\n");
    for (index, (host, errno)) in hosts.into_iter().enumerate() {
        let six = if host.starts_with('[') { "6" } else { "" };
        let _ = writeln!(steps, "- c{index}: {{connect: \"tcp{six}://{host}:80\", fails: {errno}}}");
        let _ = writeln!(steps, "- udp{six}: {{send: x, to: \"udp{six}://{host}:80\", fails: {errno}}}");
    }
    pass_settled(network, &steps);
}

#[test]
fn a_closed_port_tells_a_connected_sender() {
    pass_settled(
        "{addresses: [1.2.3.4]}",
        "- server: {bind: \"udp://1.2.3.4:53\"}
- client: {connect: server}
- server: close
- client: {send: x}
- client: {expect: {SO_ERROR: ECONNREFUSED}, nonblocking: true}",
    );
}

#[test]
fn a_loopback_device_has_groups_too() {
    pass_settled(
        "isolated",
        "- one: {bind: \"udp://0.0.0.0:5000\"}
- one: {set: {IP_ADD_MEMBERSHIP: 239.1.2.3}}
- client: {socket: udp}
- client: {send: x, to: \"udp://239.1.2.3:5000\"}
- one: {recv: x, from: client, nonblocking: true}
- one: {set: {IP_ADD_MEMBERSHIP: 10.1.2.3}, fails: EINVAL}
- one: {set: {IP_DROP_MEMBERSHIP: 239.1.2.4}, fails: EADDRNOTAVAIL}",
    );
}

/// With two ports to choose from the kernel gives a closed one to the next socket every other time. Who has
/// the port that it sends to hears itself.
#[test]
fn an_unbound_socket_does_not_get_the_port_that_was_just_closed() {
    let steps = r#"
- p: {run: [sh, -c, "echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range"]}
- p: {expect: exit, status: 0}
- server: {bind: udp}
- client: {socket: udp}
- server: close
- client: {send: "anybody?", to: server}
- client: {expect: silence, for: 2ms}
"#;
    for _ in 0..16 {
        pass("isolated", steps);
    }
}
