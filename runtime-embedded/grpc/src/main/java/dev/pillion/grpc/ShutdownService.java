// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Empty;
import dev.pillion.BuildingBlockException;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes the runtime when a caller asks for it, after the caller has had its answer. */
final class ShutdownService {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

  private final EmbeddedRuntime runtime;

  ShutdownService(EmbeddedRuntime runtime) {
    this.runtime = runtime;
  }

  void addTo(RpcTable rpcs) {
    rpcs.unary(DaprGrpc.getShutdownMethod(), request -> Empty.getDefaultInstance(), () -> runtime
        .threads()
        .start("grpc/shutdown", this::close));
  }

  private void close() {
    log.info("\"{}\" closes because a caller asked for it", runtime.appId());
    try {
      runtime.close();
    } catch (BuildingBlockException e) {
      log.error("\"{}\" did not close cleanly", runtime.appId(), e);
    }
  }
}
