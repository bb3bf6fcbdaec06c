import { Exclude, Expose, Transform, Type } from "class-transformer";
import { ArrayMaxSize, IsEmail, IsInt, IsISO8601, IsPositive, Length, registerDecorator, ValidateNested, type ValidationOptions } from "class-validator";

export function IsEven(options?: ValidationOptions): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name: "isEven",
      target: target.constructor,
      propertyName: propertyName as string,
      options,
      validator: { validate: (value) => value % 2 === 0, defaultMessage: ({ property } = { property: "" } as never) => `${property} must be even` },
    });
}

export class Room {
  @Length(1, 20)
  name!: string;

  @IsInt()
  @IsPositive()
  @IsEven({ message: "seats come in pairs" })
  @Type(() => Number)
  seats: number = 2;
}

export class Booking {
  @Expose({ name: "number" })
  id!: number;

  @ValidateNested()
  @Type(() => Room)
  room!: Room;

  @IsISO8601({ strict: true })
  @Transform(({ value }) => String(value).trim(), { toClassOnly: true })
  from!: string;

  @ArrayMaxSize(3)
  @IsEmail({}, { each: true })
  guests: string[] = [];

  @Exclude()
  secret?: string;

  describe(this: Booking): string {
    return `${this.constructor.name} ${this.id}: ${this.room.name}, ${this.room.seats} seats, ${this.room instanceof Room}`;
  }
}
