// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.pubsub.engine.InMemoryPubSub;
import dev.pillion.pubsub.testkit.DeliveryContract;
import dev.pillion.pubsub.testkit.PubSubDoor;

/** The outcome table over the wire: a peer publishes, and handles what its streams bring. */
class FacadeDeliveryTest extends DeliveryContract {
  @Override
  protected PubSubDoor open(PubSubDoor.Settings settings) {
    var facade = TestFacade.facade();
    var builder = new DoorRuntime(settings)
        .builder()
        .component("bus", InMemoryPubSub.create())
        .with(facade);
    return new StreamDoor(builder.start(), facade);
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

  @Override
  protected boolean hasEveryOption() {
    return false;
  }
}
