// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import dev.pillion.testkit.PlainThreads;
import dev.pillion.testkit.RealTime;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What goes over the network, as one hears who only listens. */
@ExtendWith(MulticastHere.class)
class MdnsWireTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final RealTime realTime = new RealTime();
  private final List<MdnsNameResolver> opened = new ArrayList<>();
  private final List<DnsMessage> heard = new CopyOnWriteArrayList<>();
  private final String appId = "app-" + UUID.randomUUID();
  private final PeerAddress address = new PeerAddress("10.1.2.5", 50_004);
  private Multicast network;

  @BeforeEach
  void listen() {
    network = Multicast.open();
    new PlainThreads()
        .start(
            "listener",
            () -> network.receive(
                (packet, from, through) -> DnsMessage.read(packet).ifPresent(heard::add)));
  }

  @AfterEach
  void close() {
    opened.forEach(MdnsNameResolver::close);
    network.close();
    realTime.close();
  }

  private MdnsNameResolver open(TimeSource time) {
    var spec = ComponentSpec.of("nr", "nameresolution.mdns", Map.of());
    var resolver = (MdnsNameResolver) new MdnsNameResolver.Provider().create(spec);
    opened.add(resolver);
    resolver.open(new ComponentContext(
        "web", "", "nr", time, new PlainThreads(), Deadline.after(PATIENCE, time)));
    return resolver;
  }

  private List<PeerAddress> resolve(MdnsNameResolver resolver) {
    return resolver.resolve(appId, "", Deadline.after(PATIENCE, realTime)).addresses();
  }

  private AppInstance self() {
    return new AppInstance(appId, "", address, 0);
  }

  private long queries() {
    return heard.stream()
        .filter(message -> !message.isResponse())
        .flatMap(message -> message.questions().stream())
        .filter(question -> question.name().equals(appId + ".local."))
        .count();
  }

  /** What was sent before this was heard: a mark that follows it has come through every socket. */
  private void awaitAllHeard() throws Exception {
    var mark = "mark-" + UUID.randomUUID() + ".local.";
    network.send(DnsMessage.query(mark, DnsRecord.PTR).toBytes());
    int places = network.places().size();
    await()
        .atMost(PATIENCE)
        .until(() -> heard.stream()
                .flatMap(message -> message.questions().stream())
                .filter(question -> question.name().equals(mark))
                .count()
            >= places);
  }

  private long responses() {
    return heard.stream()
        .filter(DnsMessage::isResponse)
        .flatMap(message -> message.records(DnsRecord.Pointer.class, appId + ".local."))
        .count();
  }

  @Test
  void whoIsKnownIsAskedAgainEvery30SecondsAndNotInBetween() throws Exception {
    open(realTime).register(self());
    var time = new ManualTime();
    var resolver = open(time);
    await().atMost(PATIENCE).until(() -> !resolve(resolver).isEmpty());
    awaitAllHeard();
    long before = queries();
    for (int i = 0; i < 1_000; i++) {
      assertThat(resolve(resolver)).containsExactly(address);
    }
    time.advance(Duration.ofSeconds(29));
    awaitAllHeard();
    assertThat(queries()).isEqualTo(before);
    time.advance(Duration.ofSeconds(1));
    await().atMost(PATIENCE).until(() -> queries() > before);
  }

  @Test
  void aRegistrationIsAnnouncedTwiceAndEndsWithAGoodbye() throws Exception {
    var time = new ManualTime();
    var registration = open(time).register(self());
    awaitAllHeard();
    long before = responses();
    assertThat(before).isPositive();
    time.advance(Duration.ofSeconds(1));
    await().atMost(PATIENCE).until(() -> responses() > before);
    registration.close();
    await().atMost(PATIENCE).until(() -> heard.stream()
        .flatMap(message -> message.records(DnsRecord.Pointer.class, appId + ".local."))
        .anyMatch(pointer -> pointer.ttl() == 0));
  }

  @Test
  @SuppressWarnings("SystemOut")
  void packetsThatAreNoMessagesHurtNobody() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("[mdns] sending garbage with -Dseed=" + seed);
    var random = new Random(seed);
    open(realTime).register(self());
    var resolver = open(realTime);
    for (int i = 0; i < 300; i++) {
      var garbage = new byte[random.nextInt(1_200)];
      random.nextBytes(garbage);
      if (garbage.length > 12 && random.nextBoolean()) {
        System.arraycopy(
            DnsMessage.query(appId + ".local.", DnsRecord.PTR).toBytes(), 0, garbage, 0, 12);
      }
      network.send(garbage);
    }
    assertThat(resolve(resolver)).as("seed %d", seed).containsExactly(address);
  }

  @Test
  void aResolverThatKnowsNoMulticastIsAnsweredAlone() throws Exception {
    open(realTime).register(self());
    try (var socket = new DatagramSocket()) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      var query = DnsMessage.query(appId + ".local.", DnsRecord.PTR).toBytes();
      query[0] = 0x12;
      query[1] = 0x34;
      socket.send(new DatagramPacket(
          query, query.length, InetAddress.getByName("224.0.0.251"), Multicast.PORT));
      var packet = new DatagramPacket(new byte[9_000], 9_000);
      socket.receive(packet);
      assertThat(DnsMessage.read(ByteBuffer.wrap(packet.getData(), 0, packet.getLength())))
          .hasValueSatisfying(answer -> {
            assertThat(answer.id()).isEqualTo(0x1234);
            assertThat(answer.questions()).hasSize(1);
            assertThat(answer.records(DnsRecord.Service.class))
                .singleElement()
                .satisfies(service -> assertThat(service.port()).isEqualTo(50_004));
          });
    }
  }

  @Test
  @SuppressWarnings("SystemOut")
  void everyInterfaceIsUsedForBothFamiliesItHas() throws Exception {
    open(realTime).register(self());
    open(realTime).probe(Deadline.after(PATIENCE, realTime));
    var places = network.places();
    assertThat(places).isNotEmpty();
    System.out.println("[mdns] heard through " + places);
    await().atMost(PATIENCE).until(() -> responses() >= places.size());
  }
}
