// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.Value;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.wire.runtime.v1.TopicEventCERequest;
import dev.pillion.wire.runtime.v1.TopicEventRequest;
import dev.pillion.wire.runtime.v1.TopicEventResponse.TopicEventResponseStatus;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Events in Dapr's messages. */
final class TopicEvents {
  /** Attributes with fields of their own; the others are extensions. */
  private static final Set<String> FIELDS =
      Set.of("id", "source", "datacontenttype", "type", "specversion");

  private TopicEvents() {}

  /** The event as a program gets it, one at a time. */
  static TopicEventRequest request(CloudEvent<byte[]> event, Delivery delivery) {
    return TopicEventRequest.newBuilder()
        .setId(event.id())
        .setSource(event.source())
        .setType(event.type())
        .setSpecVersion(event.attribute("specversion"))
        .setDataContentType(event.dataContentType())
        .setData(data(event))
        .setTopic(delivery.topic())
        .setPubsubName(delivery.pubsub())
        .setPath(delivery.path())
        .setExtensions(extensions(event))
        .build();
  }

  /** The event as an entry of a batch has it. */
  static TopicEventCERequest entry(CloudEvent<byte[]> event) {
    return TopicEventCERequest.newBuilder()
        .setId(event.id())
        .setSource(event.source())
        .setType(event.type())
        .setSpecVersion(event.attribute("specversion"))
        .setDataContentType(event.dataContentType())
        .setData(data(event))
        .setExtensions(extensions(event))
        .build();
  }

  /** The data's bytes, which are nobody else's; none for no data. */
  static ByteString data(CloudEvent<byte[]> event) {
    byte[] data = event.data();
    return data == null ? ByteString.EMPTY : UnsafeByteOperations.unsafeWrap(data);
  }

  /** What a program says became of an event; words it can't know are another attempt. */
  static DeliveryResult result(TopicEventResponseStatus status) {
    return switch (status) {
      case SUCCESS -> DeliveryResult.SUCCESS;
      case DROP -> DeliveryResult.DROP;
      default -> DeliveryResult.RETRY;
    };
  }

  private static Struct extensions(CloudEvent<byte[]> event) {
    var struct = Struct.newBuilder();
    event.attributes().forEach((name, value) -> {
      if (!FIELDS.contains(name)) {
        struct.putFields(name, value(value));
      }
    });
    return struct.build();
  }

  private static Value value(@Nullable Object value) {
    var made = Value.newBuilder();
    if (value instanceof String text) {
      return made.setStringValue(text).build();
    }
    if (value instanceof Number number) {
      return made.setNumberValue(number.doubleValue()).build();
    }
    if (value instanceof Boolean truth) {
      return made.setBoolValue(truth).build();
    }
    if (value instanceof List<?> list) {
      var values = ListValue.newBuilder();
      list.forEach(item -> values.addValues(value(item)));
      return made.setListValue(values).build();
    }
    if (value instanceof Map<?, ?> map) {
      var fields = Struct.newBuilder();
      map.forEach((name, item) -> fields.putFields(String.valueOf(name), value(item)));
      return made.setStructValue(fields).build();
    }
    return made.setNullValue(NullValue.NULL_VALUE).build();
  }
}
