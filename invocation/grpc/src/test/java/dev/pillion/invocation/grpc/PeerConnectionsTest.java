// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PeerConnectionsTest {
  private final ManualTime time = new ManualTime();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, new IoThreads("test/peers-io"), NioIoHandler.newFactory());
  private final PeerConnections connections =
      new PeerConnections(new PeerOptions(0, null, null, null, 1 << 20), time, loops);
  private final Peer peer = new Peer("orders", "default", new PeerAddress("127.0.0.1", 1));

  @AfterEach
  void stop() {
    connections.close(Deadline.after(Duration.ZERO, time));
    loops.shutdownGracefully();
  }

  @Test
  void callsOfOnePeerShareAConnection() {
    var first = connections.acquire(peer);
    assertThat(connections.acquire(peer)).isSameAs(first);
    var elsewhere = new Peer("orders", "default", new PeerAddress("127.0.0.1", 2));
    assertThat(connections.acquire(elsewhere)).isNotSameAs(first);
  }

  @Test
  void aConnectionEndsThreeMinutesAfterItsLastCall() {
    var connection = connections.acquire(peer);
    time.advance(Duration.ofMinutes(10));
    assertThat(connection.channel().isShutdown()).as("while a call is on it").isFalse();
    connections.release(connection);
    time.advance(Duration.ofMinutes(2));
    assertThat(connection.channel().isShutdown()).isFalse();
    time.advance(Duration.ofMinutes(2));
    assertThat(connection.channel().isShutdown()).isTrue();
    assertThat(connections.acquire(peer)).isNotSameAs(connection);
  }

  @Test
  void aConnectionThatFailedTakesNoMoreCallsAndLetsOthersEnd() {
    var failed = connections.acquire(peer);
    connections.acquire(peer);
    connections.discard(peer, failed);
    assertThat(connections.acquire(peer)).isNotSameAs(failed);
    connections.release(failed);
    assertThat(failed.channel().isShutdown()).as("another call is on it").isFalse();
    connections.release(failed);
    assertThat(failed.channel().isShutdown()).isTrue();
  }

  @Test
  void aConnectionThatWasGivenUpIsCutWithTheOthersWhenAllClose() {
    var failed = connections.acquire(peer);
    connections.discard(peer, failed);
    assertThat(failed.channel().isShutdown()).as("a call is on it").isFalse();
    connections.close(Deadline.after(Duration.ZERO, time));
    assertThat(failed.channel().isShutdown()).isTrue();
  }

  @Test
  void aConnectionThatWasGivenUpIsWaitedForAsLongAsTheOthers() throws Exception {
    var failed = connections.acquire(peer);
    connections.discard(peer, failed);
    var closing = new FutureTask<>(() -> {
      connections.close(Deadline.after(Duration.ofSeconds(30), time));
      return null;
    });
    new Thread(closing).start();
    Awaitility.await().until(() -> refusesCalls(peer));
    assertThat(closing.isDone()).as("a call is on it").isFalse();
    connections.release(failed);
    closing.get(10, TimeUnit.SECONDS);
    assertThat(failed.channel().isTerminated()).isTrue();
  }

  private boolean refusesCalls(Peer asked) {
    try {
      connections.release(connections.acquire(asked));
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /** Two keys of one bin of the map: whoever makes a value there keeps the others out. */
  @Test
  void aNameThatTakesLongToBeFoundHoldsUpNoOtherPeer() throws Exception {
    var slow = new Peer("slow", "default", new PeerAddress("slow.test", 1));
    var quick = new Peer("quick", "default", new PeerAddress("127.0.0.1", portOfTheBinOf(slow)));
    var asked = new CountDownLatch(1);
    var found = new CountDownLatch(1);
    var looking =
        new PeerConnections(new PeerOptions(0, null, null, null, 1 << 20), time, loops, address -> {
          if (address.host().equals("slow.test")) {
            asked.countDown();
            awaitUninterruptibly(found);
          }
          return new InetSocketAddress("127.0.0.1", address.port());
        });
    try {
      var waiting = new FutureTask<>(() -> looking.acquire(slow));
      new Thread(waiting).start();
      assertThat(asked.await(10, TimeUnit.SECONDS)).isTrue();
      var other = new FutureTask<>(() -> looking.acquire(quick));
      new Thread(other).start();
      looking.release(other.get(10, TimeUnit.SECONDS));
      assertThat(waiting.isDone()).isFalse();
      found.countDown();
      looking.release(waiting.get(10, TimeUnit.SECONDS));
    } finally {
      found.countDown();
      looking.close(Deadline.after(Duration.ZERO, time));
    }
  }

  private static int portOfTheBinOf(Peer other) {
    return IntStream.range(1, 65_536)
        .filter(port ->
            bin(new Peer("quick", "default", new PeerAddress("127.0.0.1", port))) == bin(other))
        .findFirst()
        .orElseThrow();
  }

  /** Of a map of the first size. */
  private static int bin(Peer key) {
    int hash = key.hashCode();
    return (hash ^ (hash >>> 16)) & 15;
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void twoWhoFindTheSamePeerAtOnceShareOneConnection() throws Exception {
    var both = new CyclicBarrier(2);
    var meeting =
        new PeerConnections(new PeerOptions(0, null, null, null, 1 << 20), time, loops, address -> {
          try {
            both.await(10, TimeUnit.SECONDS);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          return new InetSocketAddress(address.host(), address.port());
        });
    try {
      var first = new FutureTask<>(() -> meeting.acquire(peer));
      new Thread(first).start();
      var second = meeting.acquire(peer);
      assertThat(first.get(10, TimeUnit.SECONDS)).isSameAs(second);
    } finally {
      meeting.close(Deadline.after(Duration.ZERO, time));
    }
  }
}
