// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.pubsub.testkit.PubSubDoor;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import java.util.Map;

/** The runtime behind a door, with the policies that the door's settings ask for. */
record DoorRuntime(PubSubDoor.Settings settings) {
  EmbeddedRuntime.Builder builder() {
    return EmbeddedRuntime.builder(settings.appId())
        .environment(Map.of())
        .drainTimeout(settings.drainTimeout())
        .resiliency(resiliency());
  }

  private Resiliency resiliency() {
    var policies = Resiliency.builder();
    var inbound = Target.withoutPolicies();
    if (settings.attempts() > 1) {
      policies.retry(
          "again", RetryPolicy.constant(settings.pause()).maxRetries(settings.attempts() - 1));
      inbound = inbound.retry("again");
    }
    if (!settings.timeout().isZero()) {
      policies.timeout("limit", settings.timeout());
      inbound = inbound.timeout("limit");
    }
    return policies.component("bus", inbound, Target.withoutPolicies()).build();
  }
}
