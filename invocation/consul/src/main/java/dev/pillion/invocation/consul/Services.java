// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pillion.ComponentException;
import dev.pillion.invocation.spi.PeerAddress;
import java.util.ArrayList;
import java.util.List;

/** Reads where the instances of an app take calls of peers from what Consul lists. */
final class Services {
  private Services() {}

  /**
   * The service's address, else its node's, and the port from its metadata.
   *
   * @throws ComponentException when there are instances, and none says its port
   */
  static List<PeerAddress> addresses(String appId, String portKey, JsonNode listed) {
    var addresses = new ArrayList<PeerAddress>();
    var wrong = "";
    for (var entry : listed) {
      var service = entry.path("Service");
      var own = service.path("Address").asText();
      var host = own.isEmpty() ? entry.path("Node").path("Address").asText() : own;
      var port = service.path("Meta").path(portKey).asText();
      try {
        addresses.add(new PeerAddress(host, Integer.parseInt(port)));
      } catch (IllegalArgumentException e) {
        wrong = "\"%s\" at host \"%s\" and port \"%s\""
            .formatted(service.path("ID").asText(), host, port);
      }
    }
    if (addresses.isEmpty() && !wrong.isEmpty()) {
      throw ComponentException.failed(
          "app \"%s\" is registered with Consul, but its metadata \"%s\" has no port of a runtime: %s"
              .formatted(appId, portKey, wrong),
          null);
    }
    return addresses;
  }
}
