// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.wire.common.v1.InvokeResponse;
import dev.pillion.wire.internals.v1.InternalInvokeResponse;
import dev.pillion.wire.internals.v1.ListStringValue;
import dev.pillion.wire.internals.v1.Status;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** An answer as Dapr's message, and back. */
final class AnswerMessage {
  static final String EVENTS = "text/event-stream";

  private static final String CONTENT_TYPE = "Content-Type";

  /** Of one connection or of one writing of the body, neither of which this is. */
  private static final Set<String> OF_ONE_HOP = Set.of(
      "connection",
      "content-length",
      "http2-settings",
      "keep-alive",
      "proxy-authenticate",
      "proxy-authorization",
      "proxy-connection",
      "te",
      "trailer",
      "transfer-encoding",
      "upgrade");

  private AnswerMessage() {}

  /** All of it but the body. */
  static InternalInvokeResponse head(InvocationResponse answer) {
    return head(answer, ByteString.EMPTY);
  }

  /** All of it. */
  static InternalInvokeResponse head(InvocationResponse answer, ByteString body) {
    var head = InternalInvokeResponse.newBuilder()
        .setStatus(Status.newBuilder().setCode(answer.status()).setMessage(answer.message()));
    var message = InvokeResponse.newBuilder().setContentType(answer.contentType());
    if (!answer.typeUrl().isEmpty() || !body.isEmpty()) {
      message.setData(Any.newBuilder().setTypeUrl(answer.typeUrl()).setValue(body));
    }
    if (!answer.contentType().isEmpty() || message.hasData()) {
      head.setMessage(message);
    }
    headers(answer).forEach((name, values) -> head.putHeaders(name, RequestMessage.list(values)));
    answer
        .trailers()
        .forEach((name, values) -> head.putTrailers(name, RequestMessage.list(values)));
    return head.build();
  }

  /** As Dapr tells of a stream of events: done, and the headers. */
  static InternalInvokeResponse eventsHead(InvocationResponse answer) {
    var head = InternalInvokeResponse.newBuilder().setStatus(Status.getDefaultInstance());
    headers(answer).forEach((name, values) -> head.putHeaders(name, RequestMessage.list(values)));
    return head.build();
  }

  private static Map<String, List<String>> headers(InvocationResponse answer) {
    if (answer.isGrpc()) {
      return answer.headers();
    }
    var passed = passing(answer.headers());
    if (!answer.contentType().isEmpty()
        && answer.headers().keySet().stream().noneMatch(CONTENT_TYPE::equalsIgnoreCase)) {
      passed.put(CONTENT_TYPE, List.of(answer.contentType()));
    }
    return passed;
  }

  /** All but those of one hop. */
  private static Map<String, List<String>> passing(Map<String, List<String>> headers) {
    var nominated = new TreeSet<String>(String.CASE_INSENSITIVE_ORDER);
    var passed = new LinkedHashMap<String, List<String>>();
    headers.forEach((name, values) -> {
      if (!OF_ONE_HOP.contains(name.toLowerCase(Locale.ROOT))) {
        passed.put(name, values);
      } else if (name.equalsIgnoreCase("connection")) {
        values.forEach(value -> nominated.addAll(List.of(value.split("\\s*,\\s*"))));
      }
    });
    if (!nominated.isEmpty()) {
      passed.keySet().removeIf(nominated::contains);
    }
    return passed;
  }

  /**
   * An answer as it came.
   *
   * @param events whether events were asked for, whose answers have the status 0 and no message
   */
  static InvocationResponse read(InternalInvokeResponse head, InputStream body, boolean events) {
    var status = head.getStatus();
    var message = head.getMessage();
    var headers = RequestMessage.headers(head.getHeadersMap());
    boolean isStream = events && status.getCode() == 0 && !head.hasMessage();
    var typeUrl = message.getData().getTypeUrl();
    return new InvocationResponse(
        isStream ? 200 : status.getCode(),
        status.getMessage(),
        // A daprd sends those of a stream of events as its app did.
        isStream ? passing(headers) : headers,
        RequestMessage.headers(head.getTrailersMap()),
        isStream ? contentType(head) : typeUrl.isEmpty() ? message.getContentType() : BINARY_TYPE,
        body,
        typeUrl);
  }

  /**
   * What a call for events that ends without a frame was answered: a daprd sends none when its app
   * answers 2xx and nothing more. Any other status of an app it tells as an error.
   */
  static InvocationResponse noEvents() {
    return InvocationResponse.of(200, Map.of(), "", new byte[0]);
  }

  private static final String BINARY_TYPE = "application/x-protobuf";

  private static String contentType(InternalInvokeResponse head) {
    var values = head.getHeadersOrDefault(CONTENT_TYPE, ListStringValue.getDefaultInstance());
    return values.getValuesCount() == 0 ? "" : values.getValues(0);
  }
}
