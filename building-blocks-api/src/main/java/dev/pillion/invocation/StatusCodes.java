// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

/** Dapr's two tables between HTTP's statuses and gRPC's codes; one is not the other's reverse. */
final class StatusCodes {
  private static final int UNKNOWN = 2;

  private StatusCodes() {}

  /** What an HTTP caller sees of a gRPC code. */
  static int http(int grpc) {
    return switch (grpc) {
      case 0 -> 200;
      case 1 -> 408;
      case 3, 9, 11 -> 400;
      case 4 -> 504;
      case 5 -> 404;
      case 6, 10 -> 409;
      case 7 -> 403;
      case 8 -> 429;
      case 12 -> 501;
      case 14 -> 503;
      case 16 -> 401;
      default -> 500;
    };
  }

  /** What a gRPC caller sees of an HTTP status. */
  static int grpc(int http) {
    if (http / 100 == 2) {
      return 0;
    }
    return switch (http) {
      case 400 -> 13;
      case 401 -> 16;
      case 403 -> 7;
      case 404 -> 5;
      case 408 -> 1;
      case 409 -> 6;
      case 429 -> 8;
      case 501 -> 12;
      case 503 -> 14;
      case 504 -> 4;
      default -> UNKNOWN;
    };
  }
}
