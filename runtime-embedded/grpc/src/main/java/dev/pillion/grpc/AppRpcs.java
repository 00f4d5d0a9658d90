// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.appchannel.AppChannel;
import dev.pillion.call.CallContext;
import java.util.List;
import java.util.Map;

/** The services of the program beside a runtime that no runtime knows: calls are passed on. */
final class AppRpcs {
  private final AppChannel channel;
  private final GrpcTransport transport;

  AppRpcs(AppChannel channel, GrpcTransport transport) {
    this.channel = channel;
    this.transport = transport;
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
