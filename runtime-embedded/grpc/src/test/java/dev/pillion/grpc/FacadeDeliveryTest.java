// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.testkit.DeliveryContract;
import dev.pillion.pubsub.testkit.PubSubDoor;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;
import dev.pillion.runtime.EmbeddedRuntime;
import java.util.Map;

/** The outcome table over the wire: a peer publishes, and handles what its streams bring. */
class FacadeDeliveryTest extends DeliveryContract {
  @Override
  protected PubSubDoor open(PubSubDoor.Settings settings) {
    var facade = TestFacade.facade();
    var builder = EmbeddedRuntime.builder(settings.appId())
        .environment(Map.of())
        .drainTimeout(settings.drainTimeout())
        .component("bus", InMemoryPubSub.create())
        .with(facade);
    if (settings.attempts() > 1) {
      builder.resiliency(Resiliency.builder()
          .retry(
              "again", RetryPolicy.constant(settings.pause()).maxRetries(settings.attempts() - 1))
          .component("bus", Target.withRetry("again"), Target.withoutPolicies())
          .build());
    }
    return new StreamDoor(builder.start(), facade);
  }

  @Override
  protected boolean isShared() {
    return false;
  }

  @Override
  protected boolean hasEveryOption() {
    return false;
  }
}
