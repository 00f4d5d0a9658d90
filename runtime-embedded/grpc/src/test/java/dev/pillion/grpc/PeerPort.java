// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The port where peers call a runtime; it calls those that a test knows. */
final class PeerPort implements Extension {
  volatile PeerAddress address = new PeerAddress("nowhere", 1);
  private final @Nullable NameResolverComponent names;

  private PeerPort(@Nullable NameResolverComponent names) {
    this.names = names;
  }

  /** Of a runtime that calls nobody. */
  static PeerPort alone() {
    return new PeerPort(null);
  }

  static PeerPort finding(NameResolverComponent names) {
    return new PeerPort(names);
  }

  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    var engine = (InvocationEngine) runtime.peers();
    var transport = GrpcPeers.onPort(0);
    address = transport.start(new PeerContext(
        runtime.appId(),
        "",
        runtime.time(),
        runtime.threads(),
        Duration.ofSeconds(1),
        engine::receive,
        engine));
    if (names != null) {
      engine.reach("here", names, transport, address, "localhost");
    }
    return transport;
  }
}
