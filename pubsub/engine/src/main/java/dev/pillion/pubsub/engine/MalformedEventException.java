// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.pillion.BuildingBlockException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Bytes that ought to be a CloudEvent, or to become one, and can't. Retrying does not help. */
final class MalformedEventException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  private MalformedEventException(String errorCode, String message, @Nullable Throwable cause) {
    super(errorCode, message, cause);
  }

  /** To publish: Dapr's {@code cannot create cloudevent}, which answers HTTP callers with 500. */
  static MalformedEventException toPublish(String why) {
    return new MalformedEventException(
        "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent: " + why, null);
  }

  /** Received: the message goes to the dead letter topic where there is one. */
  static MalformedEventException received(String why) {
    return new MalformedEventException(
        "ERR_PUBSUB_EVENTS_SER", "the message is no CloudEvent: " + why, null);
  }

  /** What is wrong with a JSON text, and where; the parser's own words would quote the payload. */
  static String reason(IOException failure) {
    if (failure instanceof StreamConstraintsException) {
      return "its JSON is nested deeper than " + Json.DEPTH_LIMIT + " levels";
    }
    if (failure instanceof JsonProcessingException malformed) {
      var location = malformed.getLocation();
      return "its JSON is malformed"
          + (location == null || location.getByteOffset() < 0
              ? ""
              : " at byte " + location.getByteOffset());
    }
    return "it " + failure.getMessage();
  }
}
