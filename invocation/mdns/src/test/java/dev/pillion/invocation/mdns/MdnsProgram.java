// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A JVM on a machine of its own, which is found, finds, or only asks. */
final class MdnsProgram implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int ECHO_PORT = 5_354;
  private static final int SILENCE_MILLIS = 1_500;
  private static final int PORT = 50_004;

  /** Of which no announcement tells. */
  private static final String ALL_TYPES = "_services._dns-sd._udp";

  private final Process process;
  private final BufferedReader output;

  private MdnsProgram(Process process) {
    this.process = process;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts {@link #main} with these arguments. */
  static MdnsProgram start(List<String> before, String... arguments) throws IOException {
    var command = new ArrayList<>(before);
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), MdnsProgram.class.getName()));
    command.addAll(List.of(arguments));
    return new MdnsProgram(new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start());
  }

  /** What one says that ends after that. */
  static String said(List<String> before, String... arguments) throws IOException {
    try (var program = start(before, arguments)) {
      return program.said();
    }
  }

  /** The next line that is meant for tests. */
  String said() throws IOException {
    for (var line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith("said ")) {
        return line.substring(5);
      }
    }
    return "ended";
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /**
   * {@code serve APP HOST}, {@code find APP COUNT}, {@code ask APP HOST} or {@code ask-all APP
   * SOURCE}.
   */
  public static void main(String[] arguments) throws Exception {
    var appId = arguments[1];
    var further = arguments[2];
    var said =
        switch (arguments[0]) {
          case "serve" -> serve(appId, further);
          case "find" -> find(appId, Integer.parseInt(further));
          case "ask" -> ask(appId, InetAddress.getByName(further));
          default -> askAll(appId, InetAddress.getByName(further));
        };
    System.out.println("said " + said);
    if (arguments[0].equals("serve")) {
      echo();
    }
    System.exit(0);
  }

  private static MdnsNameResolver open() {
    var resolver = MdnsNameResolver.create();
    var time = new RealTime();
    resolver.open(new ComponentContext(
        "web", "", "nr", time, new PlainThreads(), Deadline.after(PATIENCE, time)));
    return resolver;
  }

  private static String serve(String appId, String host) {
    open().register(new AppInstance(appId, "", new PeerAddress(host, PORT), 0));
    return "ready";
  }

  /** Shows that packets come through. */
  private static void echo() throws IOException {
    try (var socket = new DatagramSocket(ECHO_PORT)) {
      while (true) {
        var packet = new DatagramPacket(new byte[1], 1);
        socket.receive(packet);
        socket.send(packet);
      }
    }
  }

  private static String find(String appId, int count) {
    var resolver = open();
    var time = new RealTime();
    var found = await()
        .atMost(PATIENCE)
        .until(
            () -> resolver.resolve(appId, "", Deadline.after(PATIENCE, time)).addresses(),
            addresses -> addresses.size() == count);
    return found.stream().map(PeerAddress::host).sorted().toList().toString();
  }

  private static byte[] query(String appId, boolean unicast) {
    return new DnsMessage(
            1,
            false,
            List.of(new DnsMessage.DnsQuestion(appId + ".local.", DnsRecord.PTR, unicast)),
            List.of(),
            false)
        .toBytes();
  }

  /** Asks one host, or a group, from a port of its own. */
  private static String ask(String appId, InetAddress host) throws IOException {
    try (var socket = new DatagramSocket()) {
      socket.setSoTimeout(SILENCE_MILLIS);
      if (host.isMulticastAddress()) {
        socket.setOption(
            StandardSocketOptions.IP_MULTICAST_IF, NetworkInterface.getByName("to-middle"));
      }
      var reached = host.isMulticastAddress() || answers(socket, new byte[1], host, ECHO_PORT);
      return (reached ? "reached" : "not reached")
          + (answers(socket, query(appId, false), host, Multicast.PORT)
              ? ", answered"
              : ", not answered");
    }
  }

  private static boolean answers(DatagramSocket socket, byte[] packet, InetAddress host, int port)
      throws IOException {
    socket.send(new DatagramPacket(packet, packet.length, host, port));
    try {
      socket.receive(new DatagramPacket(new byte[9_000], 9_000));
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  /** Asks everybody for an answer to this address alone, and says whether one came to everybody. */
  private static String askAll(String appId, InetAddress source) throws Exception {
    var heard = new CountDownLatch(1);
    try (var network = Multicast.open();
        var socket = new MulticastSocket(null)) {
      new PlainThreads()
          .start(
              "listener",
              () -> network.receive((packet, from, through) -> {
                DnsMessage.read(packet)
                    .flatMap(message -> message
                        .records(DnsRecord.Pointer.class, ALL_TYPES + ".local.")
                        .filter(type -> type.target().equals(appId + ".local."))
                        .findAny())
                    .ifPresent(type -> heard.countDown());
              }));
      socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      socket.setOption(
          StandardSocketOptions.IP_MULTICAST_IF, NetworkInterface.getByInetAddress(source));
      socket.bind(new InetSocketAddress(source, Multicast.PORT));
      var query = query(ALL_TYPES, true);
      socket.send(new DatagramPacket(
          query, query.length, InetAddress.getByName("224.0.0.251"), Multicast.PORT));
      return heard.await(PATIENCE.toSeconds(), TimeUnit.SECONDS) ? "answered to all" : "silence";
    }
  }
}
