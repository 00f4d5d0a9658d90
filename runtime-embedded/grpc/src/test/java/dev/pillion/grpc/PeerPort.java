// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import java.time.Duration;

/** The port where peers call a runtime, without a name resolver. */
final class PeerPort implements Extension {
  final GrpcPeers transport = GrpcPeers.onPort(0);
  volatile PeerAddress address = new PeerAddress("nowhere", 1);

  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    var engine = (InvocationEngine) runtime.peers();
    address = transport.start(new PeerContext(
        runtime.appId(),
        "",
        runtime.time(),
        runtime.threads(),
        Duration.ofSeconds(1),
        engine::receive,
        engine));
    return transport;
  }
}
