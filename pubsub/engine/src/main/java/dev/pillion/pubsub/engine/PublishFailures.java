// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.BulkException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Gives a broker's failure the topic, the pubsub's name and Dapr's code. The texts are Dapr's. */
final class PublishFailures {
  private static final String CODE = "ERR_PUBSUB_PUBLISH_MESSAGE";

  private PublishFailures() {}

  /** One message was not taken. */
  static BuildingBlockException single(String pubsub, String topic, BuildingBlockException e) {
    var message = "error when publishing to topic %s in pubsub %s: %s"
        .formatted(topic, pubsub, e.getMessage());
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (e instanceof ComponentException component) {
      return new ComponentException(CODE, message, component.isTransient(), cause);
    }
    return e instanceof CallTimeoutException ? new CallTimeoutException(CODE, message, cause) : e;
  }

  /** Some messages of a bulk were not taken, these by position. */
  static BulkException some(
      String pubsub,
      String topic,
      List<String> entryIds,
      Map<Integer, BuildingBlockException> failed) {
    var byId = new LinkedHashMap<String, BuildingBlockException>();
    new TreeMap<>(failed)
        .forEach((position, e) -> byId.put(entryIds.get(position), single(pubsub, topic, e)));
    return new BulkException(
        CODE,
        "%d of %d events for topic %s in pubsub %s were not published, the others are; failed %s, first: %s"
            .formatted(
                failed.size(),
                entryIds.size(),
                topic,
                pubsub,
                byId.keySet(),
                byId.values().iterator().next().getMessage()),
        byId);
  }
}
