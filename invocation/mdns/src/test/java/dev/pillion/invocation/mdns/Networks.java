// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Machines with networks between them, each a network namespace of this one; gone when closed. */
final class Networks implements AutoCloseable {
  private final String prefix = "pillion-" + UUID.randomUUID().toString().substring(0, 8) + "-";
  private final List<String> machines = new ArrayList<>();

  private Networks() {}

  /** Makes machines; where they can't be made the test is skipped by name. */
  @SuppressWarnings("SystemOut")
  static Networks of(String... machines) throws Exception {
    var networks = new Networks();
    try {
      for (var machine : machines) {
        run("ip", "netns", "add", networks.prefix + machine);
        networks.machines.add(machine);
        // An address is of use at once, and not when it is known that nobody else has it.
        networks.set(machine, "ipv6/conf/default/accept_dad", "0");
        networks.on(machine, "ip", "link", "set", "lo", "up");
      }
      return networks;
    } catch (IOException e) {
      networks.close();
      System.out.println("skipped: no network namespaces here, so mDNS has no two interfaces");
      return abort("no network namespaces here: " + e.getMessage());
    }
  }

  /** A cable from one to the other, and the addresses of its ends. */
  void link(String one, String address, String other, String otherAddress) throws Exception {
    run(
        "ip",
        "link",
        "add",
        "to-" + other,
        "netns",
        prefix + one,
        "type",
        "veth",
        "peer",
        "name",
        "to-" + one,
        "netns",
        prefix + other);
    end(one, other, address);
    end(other, one, otherAddress);
  }

  private void end(String machine, String other, String address) throws Exception {
    address(machine, other, address);
    on(machine, "ip", "link", "set", "to-" + other, "up");
  }

  /** A further address of an end. */
  void address(String machine, String other, String address) throws Exception {
    on(machine, "ip", "address", "add", address, "dev", "to-" + other);
  }

  void route(String machine, String network, String router) throws Exception {
    on(machine, "ip", "route", "add", network, "via", router);
  }

  void forwards(String machine) throws Exception {
    set(machine, "ipv4/ip_forward", "1");
  }

  private void set(String machine, String setting, String value) throws Exception {
    on(machine, "sh", "-c", "echo " + value + " > /proc/sys/net/" + setting);
  }

  private void on(String machine, String... command) throws Exception {
    var whole = new ArrayList<>(prefix(machine));
    whole.addAll(List.of(command));
    run(whole.toArray(String[]::new));
  }

  /** What comes before a command that is to run there. */
  List<String> prefix(String machine) {
    return List.of("ip", "netns", "exec", prefix + machine);
  }

  private static void run(String... command) throws Exception {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes());
    if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said);
    }
  }

  @Override
  public void close() throws Exception {
    for (var machine : machines) {
      run("ip", "netns", "del", prefix + machine);
    }
    machines.clear();
  }
}
