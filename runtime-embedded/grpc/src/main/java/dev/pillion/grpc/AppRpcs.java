// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.appchannel.AppChannel;
import dev.pillion.call.CallContext;
import dev.pillion.invocation.grpc.GrpcProxy;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.List;
import java.util.Map;

/**
 * The services of the program beside a runtime that no runtime knows: calls are passed on, those of
 * facades and those of peers.
 */
final class AppRpcs implements GrpcProxy.Door {
  private final AppChannel channel;
  private final GrpcTransport transport;

  AppRpcs(AppChannel channel, GrpcTransport transport) {
    this.channel = channel;
    this.transport = transport;
  }

  @Override
  public GrpcProxy.Admitted admit(CallContext context, Metadata metadata) {
    var route = open(context, CallerMetadata.received(metadata));
    return new GrpcProxy.Admitted(
        route.channel(), route.headers(), () -> route.end().told(Status.OK));
  }

  /**
   * A way to the program, under the rules of its channel.
   *
   * @param headers in lower case, binary values in base64
   */
  ProxyRoute open(CallContext context, Map<String, List<String>> headers) {
    var admission = channel.admit(context, headers);
    boolean open = false;
    try {
      var route = new ProxyRoute(
          transport.calls().channel(), AppMetadata.toApp(admission.headers()), null, status -> {
            admission.close();
            return false;
          });
      open = true;
      return route;
    } finally {
      if (!open) {
        admission.close();
      }
    }
  }
}
