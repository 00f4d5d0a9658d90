// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.StateFacadeTest.read;
import static dev.pillion.grpc.TestFacade.STORE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UnixSocketTest {
  @TempDir
  Path folder;

  private static EmbeddedRuntime start(Path file, Path folder) {
    return EmbeddedRuntime.builder("checkout")
        .component(STORE, new InMemoryStateStore())
        .with(new GrpcFacade(-1, file, folder, Map.of()))
        .start();
  }

  private static void assertServes(Path socket) {
    var loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    var channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
        .channelType(NioDomainSocketChannel.class)
        .withOption(ChannelOption.SO_KEEPALIVE, null)
        .eventLoopGroup(loops)
        .usePlaintext()
        .build();
    try {
      assertThat(DaprGrpc.newBlockingStub(channel)
              .withDeadlineAfter(30, TimeUnit.SECONDS)
              .getState(read("absent"))
              .getEtag())
          .isEmpty();
    } finally {
      channel.shutdownNow();
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  @Test
  void itIsNamedAsDaprNamesIt() throws Exception {
    var socket = folder.resolve("dapr-checkout-grpc.socket");
    try (var runtime = start(null, folder)) {
      assertThat(runtime.appId()).isEqualTo("checkout");
      assertServes(socket);
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void onlyItsUserMayConnect() throws Exception {
    var socket = folder.resolve("own.socket");
    try (var runtime = start(socket, null)) {
      assertThat(runtime.appId()).isEqualTo("checkout");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw-------");
      assertServes(socket);
    }
  }

  @Test
  void whatAKilledProcessLeftIsReplaced() throws Exception {
    var socket = folder.resolve("left.socket");
    try (var left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      left.bind(UnixDomainSocketAddress.of(socket));
    }
    assertThat(socket).exists();
    try (var runtime = start(socket, null)) {
      assertThat(runtime.appId()).isEqualTo("checkout");
      assertServes(socket);
    }
  }

  @Test
  void aSocketInUseIsLeftAlone() {
    var socket = folder.resolve("used.socket");
    try (var runtime = start(socket, null)) {
      assertThatThrownBy(() -> start(socket, null))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("used.socket")
          .hasMessageContaining("another process listens on it");
      assertThat(runtime.appId()).isEqualTo("checkout");
      assertServes(socket);
    }
  }

  @Test
  void aFileThatIsNoSocketIsLeftAlone() throws Exception {
    var file = Files.writeString(folder.resolve("notes"), "mine");

    assertThatThrownBy(() -> start(file, null))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("no socket");
    assertThat(file).hasContent("mine");
  }

  @Test
  void aPathThatNoSystemTakesIsNamed() {
    var long1 = folder.resolve("x".repeat(100));

    assertThatThrownBy(() -> start(long1, null))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("longer than");
    assertThatThrownBy(() -> start(folder.resolve("absent/a.socket"), null))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("absent/a.socket");
  }
}
