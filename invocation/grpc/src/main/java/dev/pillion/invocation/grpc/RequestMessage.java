// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import dev.pillion.invocation.Body;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.HTTPExtension.Verb;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.internals.v1.APIVersion;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.ListStringValue;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A request as Dapr's message, and back. */
final class RequestMessage {
  /** The verb of a call that came as gRPC and said none. */
  static final String NO_VERB = "NONE";

  private static final String DESTINATION = "destination-app-id";
  private static final String LENGTH = "Content-Length";

  /** Who calls whom, in the words of the runtime that calls. */
  private static final Set<String> STAMPS =
      Set.of("dapr-caller-app-id", "dapr-caller-namespace", "dapr-callee-app-id");

  private static final String BINARY_TYPE = "application/x-protobuf";

  private RequestMessage() {}

  /** All of it but the body. */
  static InternalInvokeRequest head(InvocationRequest request, String callee) {
    return head(request, callee, ByteString.EMPTY);
  }

  /** All of it; the body of a stream is none of a message. */
  static InternalInvokeRequest head(InvocationRequest request, String callee, ByteString body) {
    var message = InvokeRequest.newBuilder()
        .setMethod(bare(request.method()))
        .setContentType(request.contentType());
    if (!request.typeUrl().isEmpty() || !body.isEmpty()) {
      message.setData(Any.newBuilder().setTypeUrl(request.typeUrl()).setValue(body));
    }
    var verb = verb(request.verb());
    if (verb != Verb.NONE) {
      message.setHttpExtension(
          HTTPExtension.newBuilder().setVerb(verb).setQuerystring(request.query()));
    }
    var head = InternalInvokeRequest.newBuilder().setVer(APIVersion.V1).setMessage(message);
    metadata(request, head);
    if (head.getMetadataCount() == 0) {
      // A daprd refuses a request that has none at all.
      head.putMetadata(DESTINATION, list(List.of(callee)));
    }
    return head.build();
  }

  /**
   * The headers, and the length where it is known: a daprd tells its app what stands there, right
   * or wrong, and without it sends chunks, which many an app can't read. What came over gRPC has no
   * such header.
   */
  private static void metadata(InvocationRequest request, InternalInvokeRequest.Builder head) {
    long length = request.body().length();
    boolean untold = length > 0;
    for (var header : request.headers().entrySet()) {
      var name = header.getKey();
      if (length >= 0 && name.equalsIgnoreCase(LENGTH)) {
        continue;
      }
      untold &= !name.equals("content-type") || !isGrpc(header.getValue());
      head.putMetadata(name, list(header.getValue()));
    }
    if (untold) {
      head.putMetadata(LENGTH, list(List.of(Long.toString(length))));
    }
  }

  private static boolean isGrpc(List<String> contentType) {
    return !contentType.isEmpty() && contentType.get(0).startsWith("application/grpc");
  }

  private static String bare(String method) {
    return method.startsWith("/") ? method.substring(1) : method;
  }

  /** As Dapr reads a verb it does not know. */
  private static Verb verb(String verb) {
    var upper = verb.toUpperCase(Locale.ROOT);
    if (upper.isEmpty() || upper.equals(NO_VERB)) {
      return Verb.NONE;
    }
    try {
      return Verb.valueOf(upper);
    } catch (IllegalArgumentException e) {
      return Verb.POST;
    }
  }

  static ListStringValue list(List<String> values) {
    return ListStringValue.newBuilder().addAllValues(values).build();
  }

  static Map<String, List<String>> headers(Map<String, ListStringValue> metadata) {
    var headers = new LinkedHashMap<String, List<String>>();
    metadata.forEach((name, values) -> headers.put(name, values.getValuesList()));
    return headers;
  }

  /**
   * As an app sees them: a daprd stamps who calls, but beside that leaves what its program claims
   * in other letters, which is no word of any runtime.
   */
  private static Map<String, List<String>> asked(Map<String, ListStringValue> metadata) {
    var headers = headers(metadata);
    headers.keySet().removeIf(name -> {
      var lower = name.toLowerCase(Locale.ROOT);
      return lower.equals(DESTINATION) || (STAMPS.contains(lower) && !name.equals(lower));
    });
    return headers;
  }

  /**
   * Refuses what is no request of this version.
   *
   * @throws StatusRuntimeException as a daprd answers
   */
  static void check(InternalInvokeRequest head) {
    if (!head.hasMessage()) {
      throw Status.INVALID_ARGUMENT
          .withDescription("parsing InternalInvokeRequest error: the field message is missing")
          .asRuntimeException();
    }
    if (head.getVer() != APIVersion.V1) {
      throw Status.INTERNAL
          .withDescription(
              "error invoking app channel: rpc error: code = Unimplemented desc = Unsupported spec version: "
                  + head.getVerValue())
          .asRuntimeException();
    }
  }

  /** @throws IllegalArgumentException when the method is none */
  static InvocationRequest read(InternalInvokeRequest head, Body body) {
    var message = head.getMessage();
    var typeUrl = message.getData().getTypeUrl();
    var extension = message.getHttpExtension();
    return new InvocationRequest(
        verb(extension),
        message.getMethod(),
        extension.getQuerystring(),
        asked(head.getMetadataMap()),
        typeUrl.isEmpty() ? message.getContentType() : BINARY_TYPE,
        body,
        typeUrl);
  }

  private static String verb(HTTPExtension extension) {
    var verb = extension.getVerb();
    return verb == Verb.UNRECOGNIZED ? NO_VERB : verb.name();
  }

  /** The declared length of a body that comes in chunks; -1 when there is none. */
  static long length(InternalInvokeRequest head) {
    for (var name : List.of("Content-Length", "content-length")) {
      var values = head.getMetadataOrDefault(name, ListStringValue.getDefaultInstance());
      if (values.getValuesCount() == 1) {
        try {
          return Math.max(-1, Long.parseLong(values.getValues(0)));
        } catch (NumberFormatException e) {
          return -1;
        }
      }
    }
    return -1;
  }

  /** Whether the caller wants events as they happen: Dapr answers such a call in another form. */
  static boolean wantsEvents(InvocationRequest request) {
    var accepted = request.headers().get("Accept");
    return accepted != null
        && !accepted.isEmpty()
        && accepted.get(0).strip().equalsIgnoreCase(AnswerMessage.EVENTS);
  }
}
