//! Isolated networks: their hosts, their links, and what is wrong with them.

use super::{check_spec, findings, plan_of};
use crate::model::topology::{LinkState, RouteKind};
use crate::plan::{Action, Plan, Settings};

const HOSTS: &str = "about: A test.
network: {hosts: {a: 10.0.0.1, b: [10.0.0.2, \"fd00::2\"]}}
steps:
";

/// Steps on two hosts, against what they say of themselves.
#[track_caller]
fn check_hosts(steps: &str) {
    check_spec(&format!("{HOSTS}{steps}"));
}

/// What stands after `network:`, against what it says of itself.
#[track_caller]
fn check_network(network: &str) {
    check_spec(&format!("about: A test.\nnetwork: {network}\nsteps:\n  - p: {{pair: q, host: a}}\n"));
}

#[track_caller]
fn check_loopback(network: &str) {
    check_spec(&format!("about: A test.\nnetwork: {network}\nsteps:\n  - p: {{pair: q}}\n"));
}

fn words(plan: &Plan) -> Vec<&str> {
    let mut all = Vec::new();
    for step in &plan.steps {
        all.push(match &step.action {
            Action::Call(call) => call.words.as_str(),
            Action::Link { words, .. } => words.as_str(),
            _ => panic!("neither a call nor a link"),
        });
    }
    all
}

#[test]
fn a_spec_runs_in_the_network_of_the_machine_unless_it_says_otherwise() {
    let plan = |head: &str| plan_of(&format!("about: A test.\n{head}steps:\n  - a: {{pair: b}}\n"));
    assert!(plan("").topology.is_none() && plan("network: host\n").topology.is_none());
    let isolated = plan("network: isolated\nwire: true\n");
    assert_eq!(isolated.topology, Some(crate::model::topology::Topology::default()));
    assert!(isolated.wire && isolated.allow_net && !plan("wire: false\n").wire);
    let case = plan("matrix: {net: [isolated]}\nnetwork: \"${net}\"\n");
    assert!(case.topology.is_some());
}

#[test]
fn a_network_has_addresses_or_hosts_and_routes() {
    let text = "about: A test.
network:
  addresses: [1.2.3.4, \"2001:db8::1\"]
  routes: {192.0.2.0/24: unreachable, 198.51.100.1: prohibit, \"2001:db8:1::/48\": blackhole}
steps:
  - a: {connect: \"tcp://1.2.3.4:80\", fails: ECONNREFUSED}
";
    let topology = plan_of(text).topology.unwrap();
    assert_eq!(topology.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1.2.3.4", "2001:db8::1"]);
    let routes: Vec<_> = topology.routes.iter().map(|route| (route.to.to_string(), route.kind)).collect();
    let wanted = [
        ("192.0.2.0/24", RouteKind::Unreachable),
        ("198.51.100.1/32", RouteKind::Prohibit),
        ("2001:db8:1::/48", RouteKind::Blackhole),
    ];
    assert_eq!(routes, wanted.map(|(to, kind)| (to.to_owned(), kind)));

    let topology = plan_of(&format!("{HOSTS}  - p: {{pair: q, host: a}}\n")).topology.unwrap();
    let hosts: Vec<_> = topology.hosts.iter().map(|host| (host.name.as_str(), host.addresses.len())).collect();
    assert_eq!(hosts, [("a", 1), ("b", 2)]);
    assert_eq!(topology.hosts[1].addresses[1].to_string(), "fd00::2/64");
}

#[test]
fn hosts_and_links_are_in_the_words_of_a_trace() {
    let plan = plan_of(&format!(
        "{HOSTS}  - server: {{listen: tcp, backlog: 1, host: a}}
  - client: {{connect: server, from: \"tcp://10.0.0.2:0\", host: b}}
  - one: {{pair: two, network: unixgram, host: b}}
  - link: {{b: down}}
  - link: {{a: hold, b: up}}
"
    ));
    assert_eq!(
        words(&plan),
        [
            "listen tcp backlog 1 host a",
            "connect server from tcp://10.0.0.2:0 host b",
            "pair two network unixgram host b",
            "b down",
            "a hold, b up",
        ]
    );
    let Action::Call(call) = &plan.steps[1].action else { panic!() };
    assert_eq!(call.host, Some(1));
    let Action::Link { changes, .. } = &plan.steps[4].action else { panic!() };
    assert_eq!(changes, &[(0, LinkState::Hold), (1, LinkState::Up)]);
}

#[test]
fn a_hidden_host_is_shown_by_its_variable() {
    let plan = plan_of(
        "about: A test.
matrix: {where: [a, b], state: [down, silent]}
snapshot: shared
network: {hosts: {a: 10.0.0.1, b: 10.0.0.2}}
steps:
  - server: {listen: tcp, host: \"${where}\"}
  - link: {\"${where}\": \"${state}\"}
",
    );
    assert_eq!(words(&plan), ["listen tcp host <where>", "<where> <state>"]);
}

#[test]
fn every_new_socket_says_its_host() {
    check_hosts(
        "  - a: {listen: tcp} #! listen
  - b: {socket: tcp} #! socket
  - c: {bind: udp} #! bind
  - d: {connect: a} #! connect
  - e: {pair: f} #! pair
  - g: {accept: a}
",
    );
    check_hosts(
        "  - a: {socket: tcp, host: a}
  - a: {bind: tcp, host: a} #! host
  - a: {listen: true, host: b} #! host
  - b: {connect: a, host: b}
  - b: close
  - b: {connect: a} #! connect
  - b: close
  - b: {connect: a, host: b}
",
    );
}

#[test]
fn a_socket_that_stays_keeps_its_host() {
    check_hosts(
        "  - s: {bind: tcp, host: a}
  - c: {connect: s, host: b, fails: ECONNREFUSED}
  - c: {connect: s, fails: ECONNREFUSED}
  - s: listen
  - repeat: 2
    as: i
    steps:
      - c${i}: {connect: s, host: b}
      - d: {connect: s, host: b}
      - d: close
",
    );
}

#[test]
fn hosts_that_are_not_there() {
    check_hosts(
        "  - a: {listen: tcp, host: c} #! c
  - b: {listen: tcp, host: A} #! A
  - d: {bind: tcp, host: b}
  - link: {hsot: down} #! hsot
  - link: {a: donw} #! donw
  - link: {a: down, c: up} #! c
",
    );
    let (_, found) = findings(&format!("{HOSTS}  - a: {{listen: tcp, host: server}}\n"), &Settings::default());
    assert!(found[0].help[0].contains("the hosts are `a`, `b`"), "{found:?}");
    let none = "about: A test.\nnetwork: isolated\nsteps:
  - a: {listen: tcp, host: a} #! a
  - b: {connect: a, host: b}
  - link: {a: down}
";
    check_spec(none);
    check_spec("about: A test.\nsteps:\n  - a: {pair: b}\n  - link: {a: down} #! link\n");
    check_spec(&none.replace("isolated", "host"));
}

#[test]
fn words_that_are_no_network() {
    check_network("isolate #! isolate");
    check_network("yes #! yes");
    check_network("{hsots: {a: 10.0.0.1}} #! hsots");
    check_network("{hosts: {}} #! {}");
    check_network("{hosts: [a, b]} #! [a, b]");
    check_network("{} #! {}");
    check_network("[10.0.0.1] #! [10.0.0.1]");
    check_network("{hosts: {a: {ip: 10.0.0.1}}} #! {ip: 10.0.0.1}");
    check_network("{hosts: {a: []}} #! []");
    check_network("{hosts: {a: 10.0.0.1}, addresses: [10.0.0.2]} #! addresses");
    check_network("{hosts: {a: 10.0.0.1, 1b: 10.0.0.2}} #! 1b");
}

#[test]
fn addresses_that_no_host_can_have() {
    for address in [
        "10.0.0",
        "10.0.0.256",
        "localhost",
        "10.0.0.1/0",
        "10.0.0.0",
        "10.0.0.255",
        "127.0.0.1",
        "\"::1\"",
        "224.0.0.1",
        "\"ff02::1\"",
        "0.0.0.0",
        "\"::\"",
        "255.255.255.255",
        "\"::ffff:10.0.0.1\"",
    ] {
        check_network(&format!("{{hosts: {{a: {address}}}}} #! {address}"));
    }
    check_network("{hosts: {a: 10.0.0.1/33}} #! /33");
    check_network("{hosts: {a: 10.0.0.1/}} #! /");
    check_network("{hosts: {a: \"fd00::1/129\"}} #! /129");
    for address in ["10.0.0.255/8", "10.0.0.0/31", "10.0.0.1/32", "\"fe80::1\"", "\"fd00::/64\"", "169.254.0.1/16"] {
        check_network(&format!("{{hosts: {{a: {address}}}}}"));
    }
    for address in ["1.2.3.4/24", "127.0.0.2", "224.0.0.1", "here"] {
        check_loopback(&format!("{{addresses: [{address}]}} #! {address}"));
    }
}

#[test]
fn an_address_is_given_once() {
    check_network("{hosts: {a: 10.0.0.1, b: [10.0.0.2, 10.0.0.1]}} #! 10.0.0.1");
    check_network("{hosts: {a: \"fd00::1\", b: \"fd00:0::1/48\"}} #! \"fd00:0::1/48\"");
    check_loopback("{addresses: [1.2.3.4, 1.2.3.5, 1.2.3.4]} #! 1.2.3.4");
}

#[test]
fn routes_that_the_kernel_would_not_take() {
    for to in ["here", "default", "192.0.2.1/24"] {
        check_loopback(&format!("{{routes: {{{to}: unreachable}}}} #! {to}"));
    }
    check_loopback("{routes: {192.0.2.0/24: blackole}} #! blackole");
    check_loopback("{routes: {192.0.2.0/24: [prohibit]}} #! [prohibit]");
    check_loopback("{routes: {}} #! {}");
    check_loopback("{routes: {192.0.2.1: prohibit, 192.0.2.1/32: prohibit}} #! 192.0.2.1/32");
    check_loopback("{routes: {0.0.0.0/0: unreachable, \"::/0\": unreachable}}");
    check_network("{hosts: {a: 10.0.0.1}, routes: {10.0.0.0/24: unreachable}} #! 10.0.0.0/24");
    check_network("{hosts: {a: 10.0.0.1}, routes: {10.0.0.128/25: unreachable}}");
}

#[test]
fn there_is_an_end_to_hosts_and_addresses() {
    let hosts = |count: usize| (1..=count).map(|n| format!("a{n}: 10.0.0.{n}")).collect::<Vec<_>>().join(", ");
    let found = |network: &str| {
        let text = format!("about: A test.\nnetwork: {{{network}}}\nsteps:\n  - p: {{pair: q, host: a1}}\n");
        let (file, found) = findings(&text, &Settings::default());
        found.iter().map(|finding| file.slice(finding.span).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&format!("hosts: {{{}}}", hosts(32))), Vec::<String>::new());
    assert_eq!(found(&format!("hosts: {{{}}}", hosts(33))), ["a33"]);
    let many: Vec<_> = (1..=66).map(|n| format!("10.0.1.{n}")).collect();
    assert_eq!(found(&format!("hosts: {{a1: [{}]}}", many.join(", "))), ["10.0.1.65"]);
    assert_eq!(found(&format!("hosts: {{a0: 10.0.0.1, a1: [{}]}}", many[..64].join(", "))), ["10.0.1.64"]);
}

#[test]
fn what_is_wrong_with_the_network_is_said_once() {
    check_spec(
        "about: A test.
network: {hots: {a: 10.0.0.1}} #! hots
wire: true
steps:
  - a: {listen: \"tcp://10.0.0.1:80\", host: a}
  - b: {connect: a}
  - link: {a: down}
",
    );
}

#[test]
fn segments_are_seen_on_isolated_networks_only() {
    let spec = |head: &str| format!("about: A test.\n{head}\nsteps:\n  - p: {{pair: q}}\n");
    check_spec(&spec("wire: true #! true"));
    check_spec(&spec("network: host\nwire: true #! true"));
    check_spec(&spec("network: isolated\nwire: yes #! yes"));
    check_spec(&spec("network: isolated\nwire: [true] #! [true]"));
    check_spec(&spec("network: {addresses: [1.2.3.4]}\nwire: true"));
    check_spec(&spec("matrix: {net: [host, isolated]}\nnetwork: \"${net}\"\nwire: true #! true"));
}

#[test]
fn links_that_are_none() {
    check_hosts(
        "  - link: down #! down
  - link: {} #! {}
  - link: {a: {state: down}} #! {state: down}
  - link: [a, down] #! [a, down]
  - link: {a: down}
    within: 1s #! within
  - link: {a: down, \"${missing}\": up} #! ${missing}
",
    );
}

#[test]
fn after_a_link_has_changed_nothing_is_foretold() {
    let start = "  - server: {listen: tcp, host: a}
  - client: {connect: server, host: b}
  - conn: {accept: server}
";
    check_hosts(&format!("{start}  - conn: {{recv: \"x\"}} #! \"x\"\n"));
    check_hosts(&format!("{start}  - link: {{b: silent}}\n  - conn: {{recv: \"x\", fails: ETIMEDOUT}}\n"));
    check_hosts(&format!("{start}  - link: {{b: silent}}\n  - link: {{b: up}}\n  - conn: {{recv: \"x\"}}\n"));
}

#[test]
fn two_lanes_on_one_link_are_a_race() {
    let lanes = |one: &str, two: &str| {
        format!("  - a: {{pair: b, host: a}}\n  - parallel:\n      one:\n{one}      two:\n{two}")
    };
    let (down, up) = ("        - link: {a: down}\n", "        - link: {a: up} #? a\n");
    let barrier = "        - barrier: cut\n";
    check_hosts(&lanes(down, up));
    check_hosts(&lanes(down, "        - link: {b: up}\n"));
    check_hosts(&lanes(&format!("{down}{barrier}"), &format!("{barrier}        - link: {{a: up}}\n")));
}
