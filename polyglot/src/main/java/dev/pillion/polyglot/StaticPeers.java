// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.invocation.grpc.GrpcPeers;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.Resolution;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Joins a runtime to peers of other processes, whose addresses are known. */
final class StaticPeers implements Extension, NameResolverComponent {
  private final Map<String, PeerAddress> addresses;
  private volatile @Nullable PeerAddress bound;

  /** @param addresses by app id; may be filled later */
  StaticPeers(Map<String, PeerAddress> addresses) {
    this.addresses = addresses;
  }

  /** Where this runtime takes calls; null before it has started. */
  @Nullable
  PeerAddress address() {
    return bound;
  }

  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    var engine = (InvocationEngine) runtime.peers();
    var transport = GrpcPeers.onPort(0);
    var at = transport.start(new PeerContext(
        runtime.appId(),
        engine.namespace(),
        runtime.time(),
        runtime.threads(),
        runtime.drainTimeout(),
        engine::receive,
        engine));
    engine.reach("static", this, transport, at, "localhost");
    bound = at;
    return transport;
  }

  @Override
  public void open(ComponentContext context) {}

  @Override
  public Registration register(AppInstance self) {
    return () -> {};
  }

  @Override
  public Resolution resolve(String appId, String namespace, Deadline deadline) {
    var address = addresses.get(appId);
    return address == null
        ? Resolution.unknown()
        : new Resolution(List.of(address), Duration.ofMinutes(1));
  }

  @Override
  public void close() {}
}
