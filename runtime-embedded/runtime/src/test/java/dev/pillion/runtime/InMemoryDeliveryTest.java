// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.HandlerRegistration;
import dev.pillion.pubsub.DeliveryHandler;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.pubsub.Topic;
import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.testkit.DeliveryContract;
import dev.pillion.pubsub.testkit.PubSubDoor;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.resiliency.RetryPolicy;
import dev.pillion.resiliency.Target;

class InMemoryDeliveryTest extends DeliveryContract {
  /** A runtime as its program sees it. */
  record Door(EmbeddedRuntime runtime) implements PubSubDoor {
    @Override
    public Topic topic(String topic) {
      return runtime.topic("bus", topic);
    }

    @Override
    public HandlerRegistration subscribe(
        String topic, SubscribeOptions options, DeliveryHandler<byte[]> handler) {
      return runtime.subscribe("bus", topic, byte[].class, options, handler);
    }

    @Override
    public void close() {
      runtime.close();
    }
  }

  @Override
  protected PubSubDoor open(PubSubDoor.Settings settings) {
    var builder = EmbeddedRuntime.builder(settings.appId())
        .component("bus", InMemoryPubSub.create())
        .drainTimeout(settings.drainTimeout());
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
    builder.resiliency(
        policies.component("bus", inbound, Target.withoutPolicies()).build());
    return new Door(builder.start());
  }

  @Override
  protected boolean isShared() {
    return false;
  }

  @Override
  protected Order order() {
    return Order.KEPT_WHILE_ATTEMPTED;
  }

  @Override
  protected boolean handlesKeysSideBySide() {
    return false;
  }
}
