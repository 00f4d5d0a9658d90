// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.call.CallContext;
import dev.pillion.pubsub.Delivery;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What goes along with an event to a program, whatever the protocol. */
public final class EventMetadata {
  private static final String PUBSUB = "pubsubName";
  private static final Set<String> OF_THE_BODY = Set.of("content-type", "content-length");

  private EventMetadata() {}

  /** What the broker carries beside an event, as headers; those that tell of its body are not. */
  public static Map<String, List<String>> headers(Delivery delivery) {
    var headers = new LinkedHashMap<String, List<String>>();
    delivery.metadata().forEach((name, value) -> {
      var lower = name.toLowerCase(Locale.ROOT);
      if (!OF_THE_BODY.contains(lower)) {
        headers.put(lower, List.of(value));
      }
    });
    return headers;
  }

  /** The headers of a batch: only what is true of all of it. */
  public static Map<String, List<String>> batchHeaders(Delivery any) {
    return Map.of(PUBSUB.toLowerCase(Locale.ROOT), List.of(any.pubsub()));
  }

  /** The metadata of a batch. */
  public static Map<String, String> ofBatch(Delivery any) {
    return Map.of(PUBSUB, any.pubsub());
  }

  /** The metadata of one entry of a batch: the broker's alone. */
  public static Map<String, String> ofEntry(Delivery delivery) {
    var metadata = new HashMap<>(delivery.metadata());
    metadata.remove(PUBSUB);
    return metadata;
  }

  /** Deadline and trace of the call that a delivery is. */
  public static CallContext context(Delivery delivery) {
    return CallContext.of(delivery.deadline(), delivery.traceHeaders());
  }
}
