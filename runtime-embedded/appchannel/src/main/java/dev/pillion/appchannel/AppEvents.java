// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.call.Call;
import dev.pillion.pubsub.BulkHandler;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscriptionDeclaration;
import java.util.List;

/**
 * What a program is asked and told about events, in one protocol's words. Thread-safe. It neither
 * retries nor decides what a failure means for an event.
 */
public interface AppEvents {
  /**
   * Asks the program what it wants to be told of; none when it has no word for that.
   *
   * @param call to ask within
   * @throws dev.pillion.BuildingBlockException when there is no answer, or it can't be understood
   */
  List<SubscriptionDeclaration> subscriptions(AppChannel channel, Call call);

  /**
   * Gives the program one event, within the call that the delivery is.
   *
   * @return what the program said
   * @throws dev.pillion.BuildingBlockException when it failed; with the program's own status when
   *     that is what it answered
   */
  DeliveryResult deliver(AppChannel channel, CloudEvent<byte[]> event, Delivery delivery);

  /**
   * Gives the program many events of one path.
   *
   * @param raw whether they are mere bytes to the subscription
   * @return what the program said of each, in the same order
   */
  List<DeliveryResult> deliverAll(
      AppChannel channel, List<BulkHandler.Entry<byte[]>> entries, boolean raw);
}
