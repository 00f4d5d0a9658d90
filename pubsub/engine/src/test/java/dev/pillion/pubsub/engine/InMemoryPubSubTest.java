// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.pubsub.testkit.PubSubComponentContract;

class InMemoryPubSubTest extends PubSubComponentContract {
  @Override
  protected PubSubComponent component() {
    return InMemoryPubSub.create();
  }

  @Override
  protected boolean isShared() {
    return false;
  }

  @Override
  protected boolean keepsForNewGroups() {
    return false;
  }
}
