// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pillion.appchannel.BulkOutcomes;
import dev.pillion.pubsub.DeliveryResult;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the body of a 2xx answer says about events. */
final class EventAnswers {
  private static final ObjectMapper JSON = new ObjectMapper();

  private EventAnswers() {}

  /** What became of one event; whatever is no status in an object is a success, as in Dapr. */
  static DeliveryResult single(byte[] body) {
    var answer = object(body);
    var status = answer == null ? null : member(answer, "status");
    if (status == null || !status.isTextual() || status.textValue().isEmpty()) {
      return DeliveryResult.SUCCESS;
    }
    return result(status.textValue());
  }

  /** What became of each of a batch; what is not mentioned, or can't be read, has failed. */
  static List<DeliveryResult> bulk(byte[] body, int size) {
    var outcomes = BulkOutcomes.of(size);
    var answer = object(body);
    var statuses = answer == null ? null : member(answer, "statuses");
    if (statuses != null && statuses.isArray()) {
      for (var said : statuses) {
        var id = member(said, "entryId");
        var status = member(said, "status");
        if (id != null && id.isTextual() && status != null && status.isTextual()) {
          outcomes.say(id.textValue(), result(status.textValue()));
        }
      }
    }
    return outcomes.list();
  }

  /** Dapr's words, in capitals; any other is another attempt. */
  private static DeliveryResult result(String word) {
    return switch (word) {
      case "SUCCESS" -> DeliveryResult.SUCCESS;
      case "DROP" -> DeliveryResult.DROP;
      default -> DeliveryResult.RETRY;
    };
  }

  private static @Nullable JsonNode object(byte[] body) {
    try {
      var read = JSON.readTree(body);
      return read != null && read.isObject() ? read : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** Go's reader, which programs were written for, does not mind the case of names. */
  static @Nullable JsonNode member(JsonNode object, String name) {
    var exact = object.get(name);
    if (exact != null) {
      return exact;
    }
    for (var field : object.properties()) {
      if (field.getKey().equalsIgnoreCase(name)) {
        return field.getValue();
      }
    }
    return null;
  }
}
