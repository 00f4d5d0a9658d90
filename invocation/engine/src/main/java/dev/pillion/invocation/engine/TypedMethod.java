// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.SerializationException;
import dev.pillion.Serializer;
import dev.pillion.TypeRef;
import dev.pillion.invocation.Invocation;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.RequestHandler;
import dev.pillion.invocation.ServiceMethod;
import java.io.IOException;
import java.lang.reflect.Type;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A method of values: what other JVMs send it as bytes, and callers in this one as it is. */
record TypedMethod<Q, A extends @Nullable Object>(
    String name,
    TypeRef<Q> type,
    Serializer serializer,
    int maxBodySize,
    ServiceMethod<Q, A> method)
    implements RequestHandler {
  /** What a method is registered with that can do without a request. */
  private static final Set<Type> NOTHING_NEEDED = Set.of(Object.class, Void.class, void.class);

  @Override
  @SuppressWarnings("NullAway") // Null is what a method is given when nothing was sent.
  public InvocationResponse handle(InvocationRequest request, Invocation invocation)
      throws Exception {
    Q given;
    try {
      given = Content.read(bytes(request), request.contentType(), type, serializer);
    } catch (SerializationException e) {
      throw unreadable(e);
    }
    requireGiven(given);
    return answer(method.handle(given));
  }

  private byte[] bytes(InvocationRequest request) {
    try {
      return request.body().limitedTo(maxBodySize, this::tooLarge).bytes();
    } catch (IOException e) {
      throw new InvocationException(
          InvocationException.Reason.CLOSED,
          "the body of the request can't be read: " + e.getMessage(),
          e);
    }
  }

  private InvocationResponse answer(@Nullable Object value) {
    return value == null
        ? InvocationResponse.of(204, Map.of(), "", new byte[0])
        : InvocationResponse.of(
            200, Map.of(), Content.typeOf(value, serializer), Content.bytes(value, serializer));
  }

  /**
   * Calls it with a value of this JVM.
   *
   * @param passed the request as it has {@linkplain Passing#leave left} the caller
   * @return the answer as it leaves the method
   */
  @SuppressWarnings({"NullAway", "unchecked"
  }) // Null is what a method is given of nothing; Q is what type says.
  Object call(Object passed, TypeRef<?> answer) throws Exception {
    Q given;
    try {
      given = Passing.arrive(passed, type, serializer);
    } catch (SerializationException e) {
      throw unreadable(e);
    }
    if (given == null && type.type() == byte[].class) {
      // As over the wire, where no bytes are bytes as well.
      given = (Q) new byte[0];
    }
    requireGiven(given);
    return Passing.leave(method.handle(given), answer, serializer);
  }

  private InvocationException tooLarge() {
    return new InvocationException(
        413,
        "the request is larger than %d bytes, the most that is held in memory; a RequestHandler reads larger ones as a stream"
            .formatted(maxBodySize));
  }

  /** Only a method that says so is called without a request, which is nobody's to unwrap then. */
  private void requireGiven(@Nullable Object given) {
    if (given == null && !NOTHING_NEEDED.contains(type.type())) {
      throw new InvocationException(
          400,
          "the request is empty, but the method \"%s\" takes a %s (one that takes nothing is registered with Void.class)"
              .formatted(name, type));
    }
  }

  /** A request that is not of the method's type is the caller's fault, wherever it comes from. */
  private InvocationException unreadable(SerializationException failure) {
    return new InvocationException(
        400,
        "the request is not the %s that the method \"%s\" takes: %s"
            .formatted(type, name, failure.getMessage()));
  }
}
