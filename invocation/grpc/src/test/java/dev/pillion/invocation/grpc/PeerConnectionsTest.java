// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.testkit.ManualTime;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.time.Duration;
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
    connections.close();
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
}
